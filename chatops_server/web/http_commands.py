"""/commands: run on one server or many, look back, cancel."""

from collections.abc import AsyncGenerator
from typing import Final, get_args

from chatops_server.domain.permissions import HubAction
from chatops_server.errors import InvalidRequestError
from chatops_server.storage.sql.commands import NEWEST, CommandFilter, CommandRow
from chatops_server.web.asking import Ask, page
from chatops_server.web.bodies import MAX_COMMAND_BYTES
from chatops_server.web.routes import PAGING, Param, Route, Stream
from chatops_wire import codec
from chatops_wire.commands import CommandStatus
from chatops_wire.rest import Page
from chatops_wire.rest_commands import (
    BatchCreate,
    BatchView,
    CommandCancelCreate,
    CommandCreate,
    CommandView,
)

_TAG = "commands"
_BYTES = "application/octet-stream"
_STATUSES: Final = get_args(CommandStatus)


async def _run(ask: Ask[CommandCreate]) -> Stream:
    commands = ask.hub.commands
    command_id = await commands.run(ask.body, ask.principal, ask.caller)
    row = await commands.history.row(ask.principal, command_id)
    return Stream(commands.history.whole(row), status=200 if ask.body.wait else 202)


async def _begin_batch(ask: Ask[BatchCreate]) -> BatchView:
    return await ask.hub.commands.begin_batch(ask.body, ask.principal, ask.caller)


async def _list(ask: Ask[None]) -> Page[CommandView]:
    status = ask.query.text("status")
    if status is not None and status not in _STATUSES:
        raise InvalidRequestError(f"status: expected one of {', '.join(_STATUSES)}")
    wanted = CommandFilter(
        server_id=ask.query.text("server_id"),
        batch_id=ask.query.text("batch_id"),
        status=status,
        containing=ask.query.text("q"),
        before=ask.query.cursor(int, NEWEST),
        limit=ask.query.limit,
    )
    return page(*await ask.hub.commands.history.listed(ask.principal, wanted))


async def _get(ask: Ask[None]) -> Stream:
    history = ask.hub.commands.history
    return Stream(history.whole(await history.row(ask.principal, ask.path["id"])))


async def _output(ask: Ask[None]) -> Stream:
    history = ask.hub.commands.history
    row = await history.row(ask.principal, ask.path["id"])

    async def pieces() -> AsyncGenerator[bytes, None]:
        async for chunks in history.chunks(row):
            yield b"".join(chunk.data for chunk in chunks)

    return Stream(pieces(), _BYTES)


async def _cancel(ask: Ask[CommandCancelCreate]) -> bytes:
    row: CommandRow = await ask.hub.commands.cancel(
        ask.path["id"], ask.principal, ask.caller, force=ask.body.force
    )
    return codec.encode(ask.hub.commands.history.view(row))


async def _cancel_batch(ask: Ask[CommandCancelCreate]) -> BatchView:
    return await ask.hub.commands.cancel_batch(
        ask.path["id"], ask.principal, ask.caller, force=ask.body.force
    )


ROUTES = (
    Route(
        method="POST",
        path="/commands",
        right=HubAction.USE,
        handle=_run,
        summary="Run a command where you are an operator; answers at its end, or 202 with `wait: false`.",
        tag=_TAG,
        body=CommandCreate,
        most_body=MAX_COMMAND_BYTES,
        answer=CommandView,
        other_statuses=(202,),
        refusals=(403, 404, 409, 429, 503, 504),
    ),
    Route(
        method="GET",
        path="/commands",
        right=HubAction.USE,
        handle=_list,
        summary="List what was run on the servers you see, newest first; of the output only the beginning.",
        tag=_TAG,
        answer=Page[CommandView],
        query=(
            Param("server_id", "Only this server."),
            Param("batch_id", "Only this batch."),
            Param("status", "Only this status; an unknown one is 400."),
            Param("q", "Only commands that hold this text, in any case."),
            *PAGING,
        ),
        refusals=(404,),
    ),
    Route(
        method="POST",
        path="/commands/batch",
        right=HubAction.USE,
        handle=_begin_batch,
        summary="Run a command on many servers; `GET /commands?batch_id=` follows it.",
        tag=_TAG,
        body=BatchCreate,
        most_body=MAX_COMMAND_BYTES,
        answer=BatchView,
        status=202,
        refusals=(403, 404, 429),
    ),
    Route(
        method="POST",
        path="/commands/batch/{id}/cancel",
        right=HubAction.USE,
        handle=_cancel_batch,
        summary="Begin no more of a batch and end what of it runs.",
        tag=_TAG,
        body=CommandCancelCreate,
        is_body_optional=True,
        answer=BatchView,
        refusals=(403, 404),
    ),
    Route(
        method="GET",
        path="/commands/{id}",
        right=HubAction.USE,
        handle=_get,
        summary="Show one command with its output as text; of more than 16 MiB head and tail.",
        tag=_TAG,
        answer=CommandView,
        refusals=(404,),
    ),
    Route(
        method="GET",
        path="/commands/{id}/output",
        right=HubAction.USE,
        handle=_output,
        summary="The output as raw bytes, both streams in the order they came; so far, while it runs.",
        tag=_TAG,
        answer=bytes,
        media_type=_BYTES,
        refusals=(404,),
    ),
    Route(
        method="POST",
        path="/commands/{id}/cancel",
        right=HubAction.USE,
        handle=_cancel,
        summary="End a command and everything it started: TERM, then KILL; with `force` KILL at once.",
        tag=_TAG,
        body=CommandCancelCreate,
        is_body_optional=True,
        answer=CommandView,
        refusals=(403, 404),
    ),
)
