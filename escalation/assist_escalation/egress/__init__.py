"""The way out: what is paid and written down around each call to a provider or a team's server.

`exchange` is the order of every call. The other two are its senders with a pace of their own; tools of other
makers send through it as they are. It decides nothing: what may leave was decided in `gate`. It is a wing
of three modules because whoever asks about money and the log shall find all of it in one place.
"""
