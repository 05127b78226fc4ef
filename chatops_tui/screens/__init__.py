"""What a person sees: one module a screen. Screens draw from the store and ask through `requests.Hub`."""
