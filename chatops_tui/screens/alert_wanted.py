"""What screens say when one alert, or its server, is to be shown on a screen of its own."""

from textual.message import Message


class AlertWanted(Message):
    """The user wants to see one alert, or with a `server_id` its server."""

    def __init__(self, alert_id: str, server_id: str = "") -> None:
        super().__init__()
        self.alert_id = alert_id
        self.server_id = server_id
