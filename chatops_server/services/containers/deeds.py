"""Has things done by engines: written down before, asked for, written down after, whoever still waits."""

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from chatops_server.errors import AgentOfflineError, ChatopsError, NotAllowedError
from chatops_server.services.containers.records import Asked, Records
from chatops_server.services.containers.relay import EngineRelay, Order, Request
from chatops_server.services.errands import Errands


@dataclass(slots=True)
class _Outcome:
    """How a change ended; neither of both when a defect ended it."""

    answer: tuple[Any] | None = None
    error: ChatopsError | None = None


@dataclass(frozen=True, slots=True)
class Deeds:
    """Asks engines; every change is written down, of readings only what the agent does not allow."""

    relay: EngineRelay
    records: Records
    errands: Errands
    counts: Counter[tuple[str, str]]
    """By action and result."""

    async def change(self, asked: Asked, order: Order, within_s: float) -> Any:  # noqa: ANN401 - JSON
        """Have something done and return the data of the answer.

        Who stops waiting ends nothing: it is done, and its result written down, all the same.

        Raises:
            ChatopsError: As EngineRelay.request and Request.ask; or StorageError, then nothing was sent.
        """
        if order.signature is not None:
            asked = replace(asked, data={**asked.data, "signer": order.signature.signer})
        outcome = _Outcome()
        task = self.errands.start(self._carry_out(asked, order, within_s, outcome), f"engine-{order.action}")
        if task is None:
            raise AgentOfflineError
        await asyncio.shield(task)
        if outcome.error is not None:
            raise outcome.error
        if outcome.answer is None:
            raise RuntimeError("a change ended without an answer")
        return outcome.answer[0]

    async def read(self, asked: Asked, order: Order, within_s: float) -> Any:  # noqa: ANN401 - likewise
        """Have something read and return the data of the answer.

        Raises:
            ChatopsError: As EngineRelay.request and Request.ask.
        """
        with self.relay.request(asked.state) as request:
            try:
                return await self.asked(request, order, within_s)
            except NotAllowedError as exc:
                await self.records.read_refused(asked, exc)
                raise

    async def asked(self, request: Request, order: Order, within_s: float) -> Any:  # noqa: ANN401 - likewise
        """Ask, count how it ends, and return the data of the answer; raises as Request.ask."""
        try:
            data = await request.ask(order, within_s)
        except ChatopsError as exc:
            self.counts[(order.action, exc.code.value)] += 1
            raise
        self.counts[(order.action, "ok")] += 1
        return data

    async def _carry_out(self, asked: Asked, order: Order, within_s: float, outcome: _Outcome) -> None:
        try:
            with self.relay.request(asked.state) as request:
                await self.records.asked(asked)
                try:
                    outcome.answer = (await self.asked(request, order, within_s),)
                except ChatopsError as exc:
                    await self.records.failed(asked, exc)
                    raise
        except ChatopsError as exc:
            outcome.error = exc
            return
        await self.records.done(asked)
