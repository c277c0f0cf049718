"""A llama.cpp server with real weights, in a process of its own: `python llama_server.py MODEL.gguf '{"n_ctx": 8192}'`.

Prints its address once it listens, and ends when its standard input closes: it never outlives the test that started it.
"""

import json
import sys

import xllamacpp


def parameters(model: str, options: dict[str, object]) -> "xllamacpp.CommonParams":
    """Return the parameters of a server: any free port, one thread unless `threads` says otherwise.

    One thread, because llama.cpp's threads wait for each other in a busy loop: on a machine with other work, two
    were thirty times slower than one.
    """
    given = xllamacpp.CommonParams()
    given.model.path = model
    given.hostnames = ["127.0.0.1"]
    given.port = options.pop("port", 0)
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = options.pop("threads", 1)
    given.endpoint_slots = given.endpoint_props = True
    for name, value in options.items():
        setattr(given, name, value)
    return given


if __name__ == "__main__":
    served = xllamacpp.Server(parameters(sys.argv[1], json.loads(sys.argv[2])))
    sys.stdout.write(f"listening: {served.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
