"""The two transports by themselves, over real sockets: connections, answers, fallbacks."""
