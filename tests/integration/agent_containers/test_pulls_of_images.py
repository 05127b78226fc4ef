"""Images that come from a registry, which stands in the test itself."""

import asyncio

from chatops_wire.containers import DockerCancel, DockerCommand, DockerProgress
from tests.deadlines import DEADLINE_S
from tests.docker_engine import DockerEngine
from tests.integration.agent_containers.registry_double import registry
from tests.integration.agent_containers.watching import answer, asked, done, hub_watching


async def test_an_image_is_pulled_with_progress_and_removed(docker_engine: DockerEngine) -> None:
    async with registry() as source, hub_watching(docker_engine.host) as hub:
        assert (await done(hub, "image_pull", source.image))["image"] == source.image
        assert source.image in [tag for each in (await done(hub, "images"))["images"] for tag in each["tags"]]
        progress = hub.of(DockerProgress)
        assert progress[-1].text.startswith("Status: Downloaded newer image")
        assert (progress[-1].current, progress[-1].total) == (progress[-1].total, progress[-1].current)
        await done(hub, "image_remove", source.image)


async def test_an_image_that_is_not_there_is_not_found(docker_engine: DockerEngine) -> None:
    async with registry() as source, hub_watching(docker_engine.host) as hub:
        response = await asked(hub, "image_pull", source.image.replace("small", "other"))
    assert (response.success, response.code) == (False, "not_found"), response


async def test_a_registry_that_is_not_there_says_so(docker_engine: DockerEngine) -> None:
    async with hub_watching(docker_engine.host) as hub:
        response = await asked(hub, "image_pull", "127.0.0.1:1/small:1")
    assert (response.success, "connection refused" in response.message) == (False, True)


async def test_a_pull_that_hangs_is_given_up(docker_engine: DockerEngine) -> None:
    async with registry() as source, hub_watching(docker_engine.host) as hub:
        source.serving.clear()
        hub.say(DockerCommand(command_id="p", action="image_pull", container_id=source.image))
        async with asyncio.timeout(DEADLINE_S):
            await source.asked_for_layer.wait()
        hub.say(DockerCancel(command_id="p"))
        response = await answer(hub, "p")
        assert (response.success, response.code) == (False, "failed")
        source.serving.set()
        assert source.image not in str(await done(hub, "images"))
