"""The door to HTTP: sockets of this machine, who may connect, and how large and how slow a request may be.

It is a folder because only these modules know starlette, uvicorn and sockets. It knows no dialect and no
model: it hands a `ForeignRequest` with its tool to one function, and writes what that returns.
"""
