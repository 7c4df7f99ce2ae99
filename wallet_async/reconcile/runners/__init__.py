"""Who reads with several processes: `Processes` on this machine, `cluster.Cluster` on many (extra ``[dask]``)."""

from wallet_async.reconcile.runners.processes import Processes
from wallet_async.reconcile.runners.station import PACE

__all__ = ["PACE", "Processes"]
