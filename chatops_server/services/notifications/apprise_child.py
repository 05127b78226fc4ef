"""A process of its own for one message through Apprise: JSON on stdin, one line of JSON on stdout.

Apprise takes 36 MB and blocks; here it costs the hub neither, and one service that hangs ends with its
process. The address comes on stdin, where no list of processes shows it.
"""

import sys

import msgspec

from chatops_server.services.notifications.apprise_job import AppriseDone, AppriseJob


def main() -> None:
    """Send one message, or only say whether its address can be used."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=AppriseJob)
    done = _done(job)
    sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")


def _done(job: AppriseJob) -> AppriseDone:
    try:
        import apprise  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        return AppriseDone(is_delivered=False, error="chatops[notify] is not installed on the hub")
    # No plugins, storage or attachments of the hub's own machine.
    services = apprise.Apprise(asset=apprise.AppriseAsset(plugin_paths=[], async_mode=False))
    if not services.add(job.url):
        return AppriseDone(is_delivered=False, error="Apprise knows no such address")
    if job.is_check:
        return AppriseDone(is_delivered=True)
    kinds = {"info": "info", "warning": "warning", "critical": "failure"}
    taken = services.notify(
        title=job.title, body=job.body, notify_type=kinds.get(job.severity, "info"), body_format="text"
    )
    return AppriseDone(is_delivered=bool(taken), error="" if taken else "the service did not take it")


if __name__ == "__main__":
    main()
