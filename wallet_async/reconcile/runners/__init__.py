"""Who reads with several processes: `Processes` on this machine, `cluster.Cluster` on many (extra ``[dask]``).

Other engines read with a `Station` in each of their processes.
"""

from wallet_async.reconcile.runners.processes import Processes
from wallet_async.reconcile.runners.station import PACE, Order, Station

__all__ = ["Processes", "Station", "Order", "PACE"]
