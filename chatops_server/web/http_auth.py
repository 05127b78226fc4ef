"""/auth: logging in, staying logged in, logging out, the own password."""

from chatops_server.domain.permissions import HubAction
from chatops_server.errors import InvalidRequestError
from chatops_server.web.asking import Ask
from chatops_server.web.routes import Public, Route
from chatops_wire.rest import (
    Login,
    LoginSessionView,
    OtpCode,
    Page,
    PasswordChange,
    PasswordProof,
    RecoveryCodes,
    RefreshToken,
    Tokens,
    TotpBegun,
    UserView,
)

_TAG = "auth"


async def _login(ask: Ask[Login]) -> Tokens:
    return await ask.hub.accounts.login(ask.body, ask.caller.address, ask.caller.program)


async def _refresh(ask: Ask[RefreshToken]) -> Tokens:
    return await ask.hub.accounts.refresh(ask.body.refresh_token, ask.caller.address)


async def _logout(ask: Ask[RefreshToken]) -> None:
    await ask.hub.accounts.logout(ask.body.refresh_token, ask.caller.address)


async def _me(ask: Ask[None]) -> UserView:
    user = ask.principal
    return UserView(id=user.user_id, username=user.username, role=user.role)


async def _begin_totp(ask: Ask[PasswordProof]) -> TotpBegun:
    accounts = ask.hub.accounts
    if not await accounts.knows_password(ask.principal, ask.body.password, ask.caller.address):
        raise InvalidRequestError("password: it is not the current password")
    return await ask.hub.second_factor.begin(ask.principal, ask.caller)


async def _confirm_totp(ask: Ask[OtpCode]) -> RecoveryCodes:
    return await ask.hub.second_factor.confirm(ask.principal, ask.body.code, ask.caller)


async def _remove_totp(ask: Ask[OtpCode]) -> None:
    await ask.hub.second_factor.remove(ask.principal, ask.body.code, ask.caller)


async def _remove_totp_of(ask: Ask[None]) -> None:
    await ask.hub.second_factor.remove_of(ask.path["id"], ask.caller)


async def _sessions(ask: Ask[None]) -> Page[LoginSessionView]:
    return Page(items=tuple(await ask.hub.login_sessions.listed(ask.principal)))


async def _end_session(ask: Ask[None]) -> None:
    await ask.hub.login_sessions.end(ask.path["id"], ask.caller, ask.principal)


async def _end_sessions_of(ask: Ask[None]) -> None:
    await ask.hub.login_sessions.end_all(ask.path["id"], ask.caller)


async def _password(ask: Ask[PasswordChange]) -> None:
    await ask.hub.accounts.change_password(ask.principal, ask.body, ask.caller.address)


ROUTES = (
    Route(
        method="POST",
        path="/auth/login",
        right=Public.PUBLIC,
        handle=_login,
        summary="Log in. At most 20 wrong tries for one user name from one address in a minute.",
        tag=_TAG,
        body=Login,
        answer=Tokens,
        refusals=(401, 429),
    ),
    Route(
        method="POST",
        path="/auth/refresh",
        right=Public.PUBLIC,
        handle=_refresh,
        summary="Get the next pair of tokens. A refresh token works once; using it again ends the session.",
        tag=_TAG,
        body=RefreshToken,
        answer=Tokens,
        refusals=(401,),
    ),
    Route(
        method="POST",
        path="/auth/logout",
        right=Public.PUBLIC,
        handle=_logout,
        summary="End the session the refresh token belongs to, its access tokens included.",
        tag=_TAG,
        body=RefreshToken,
    ),
    Route(
        method="GET",
        path="/auth/me",
        right=HubAction.USE,
        handle=_me,
        summary="Show who the token belongs to.",
        tag=_TAG,
        answer=UserView,
    ),
    Route(
        method="POST",
        path="/auth/password",
        right=HubAction.USE,
        handle=_password,
        summary="Change the own password. Every token of the user dies, access tokens included.",
        tag=_TAG,
        body=PasswordChange,
        refusals=(429,),
    ),
    Route(
        method="POST",
        path="/auth/totp",
        right=HubAction.USE,
        handle=_begin_totp,
        summary="Begin a second factor (TOTP); it is asked for once a first code is confirmed.",
        tag=_TAG,
        body=PasswordProof,
        answer=TotpBegun,
        refusals=(409, 429),
    ),
    Route(
        method="POST",
        path="/auth/totp/confirm",
        right=HubAction.USE,
        handle=_confirm_totp,
        summary="Confirm the first code; the recovery codes are shown this once.",
        tag=_TAG,
        body=OtpCode,
        answer=RecoveryCodes,
        refusals=(404, 409),
    ),
    Route(
        method="POST",
        path="/auth/totp/remove",
        right=HubAction.USE,
        handle=_remove_totp,
        summary="Remove the own second factor with a code of it, or a recovery code.",
        tag=_TAG,
        body=OtpCode,
        refusals=(404,),
    ),
    Route(
        method="DELETE",
        path="/users/{id}/totp",
        right=HubAction.ADMINISTER,
        handle=_remove_totp_of,
        summary="Remove the second factor of a user who lost it.",
        tag=_TAG,
        refusals=(404,),
    ),
    Route(
        method="GET",
        path="/auth/sessions",
        right=HubAction.USE,
        handle=_sessions,
        summary="List the own sessions: one for each login that can still be refreshed.",
        tag=_TAG,
        answer=Page[LoginSessionView],
    ),
    Route(
        method="DELETE",
        path="/auth/sessions/{id}",
        right=HubAction.USE,
        handle=_end_session,
        summary="End one of the own sessions: its tokens are refused at once, its connections closed.",
        tag=_TAG,
        refusals=(404,),
    ),
    Route(
        method="DELETE",
        path="/users/{id}/sessions",
        right=HubAction.ADMINISTER,
        handle=_end_sessions_of,
        summary="End every session of a user.",
        tag=_TAG,
        refusals=(404,),
    ),
)
