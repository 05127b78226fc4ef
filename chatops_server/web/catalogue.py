"""Every REST route of the hub, in the order the documents list them."""

from chatops_server.web import (
    http_alerts,
    http_api_keys,
    http_auth,
    http_commands,
    http_docker,
    http_engines,
    http_enrolment,
    http_health,
    http_metrics,
    http_notifications,
    http_prometheus,
    http_servers,
    http_settings,
    http_ssh_keys,
    http_terminals,
    http_timeline,
    http_users,
)
from chatops_server.web.http_docs import with_docs
from chatops_server.web.routes import Route


def rest_routes(*, metrics_public: bool = False) -> tuple[Route, ...]:
    """Return the table of routes. Reads the page of the docs from disk: not for the event loop.

    Args:
        metrics_public: Let anybody read `/metrics`.
    """
    return with_docs(
        (
            *http_auth.ROUTES,
            *http_ssh_keys.ROUTES,
            *http_users.ROUTES,
            *http_servers.ROUTES,
            *http_api_keys.ROUTES,
            *http_enrolment.ROUTES,
            *http_metrics.ROUTES,
            *http_docker.ROUTES,
            *http_engines.ROUTES,
            *http_commands.ROUTES,
            *http_terminals.ROUTES,
            *http_alerts.ROUTES,
            *http_notifications.ROUTES,
            *http_timeline.ROUTES,
            *http_settings.ROUTES,
            *http_health.ROUTES,
            *http_prometheus.routes(public=metrics_public),
        )
    )
