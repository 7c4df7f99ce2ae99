"""The fault matrix against the real sessions, over real sockets, each guarantee with a sabotaged twin."""
