"""The mock cluster that librdkafka tests itself with, as a process: prints its address, and ends with its input.

It speaks Kafka's protocol over TCP: consumer groups, rebalances, committed offsets, idempotent producers and
transactions; all in memory, a topic made with 4 partitions when it is first named.
"""

import ctypes
import sys

from confluent_kafka import cimpl


def main() -> None:
    """Run a cluster of one broker."""
    library = ctypes.CDLL(cimpl.__file__)  # the wheel brings librdkafka along, which this module is linked to
    for name in ("rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    error = ctypes.create_string_buffer(512)
    client = library.rd_kafka_new(0, None, error, len(error))
    assert client, error.value.decode()
    cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(ctypes.c_void_p(client), 1))
    # A group's first member would wait 3 s for others.
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    print(library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
