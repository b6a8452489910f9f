"""llama.cpp's own HTTP server, from the `xllamacpp` wheel: what peers usually run with.

    PYTHONPATH=benchmarks python -m bench.peers.wheel_server --model FILE [--threads 2] [--port 0] ...

The options and the first line of output are those of `infill_server.py`. The wheel is built for any x86-64
machine with AVX2, without -march=native, so it is slower than a build made on this machine.
"""

import os

import xllamacpp

from bench.peers.server_options import Options, announce, options_of, parser


def params(options: Options, port: int) -> xllamacpp.CommonParams:
    made = xllamacpp.CommonParams()
    made.model.path = str(options.model)
    made.hostnames = ["127.0.0.1"]
    made.port = port
    made.n_ctx = options.context
    made.n_parallel = options.slots
    made.n_batch, made.n_ubatch = options.batch, options.ubatch
    made.cpuparams.n_threads = options.threads
    made.cpuparams_batch.n_threads = options.threads
    made.n_cache_reuse = options.reuse
    made.endpoint_metrics = True
    made.endpoint_slots = True
    made.verbosity = 0
    return made


def main() -> None:
    known = parser("llama.cpp's server from the xllamacpp wheel").parse_args()
    server = xllamacpp.Server(params(options_of(known), known.port))
    announce(int(server.listening_address.rsplit(":", 1)[1]), xllamacpp.get_system_info())
    os._exit(0)  # a normal exit would wait for running requests


if __name__ == "__main__":
    main()
