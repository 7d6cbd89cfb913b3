"""The one client for all who ask a server, and servers on this machine."""
