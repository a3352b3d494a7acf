"""What statsmodels takes per row of the reference systems: one line "case quantity microseconds" per figure, the
least CPU time of several runs. See peers_kalman.sh.

    python3 peers_kalman.py TAG FOLDER...      TAG is added to the quantities, as in statsmodels_loglik:TAG
"""
import json
import os
import sys
import time
import warnings

import numpy as np
from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother

BUDGET = 0.1  # seconds of CPU per figure, at least two runs after a first
warnings.simplefilter("ignore")


def build(folder, tolerance, univariate):
    with open(os.path.join(folder, "sys.json")) as file:
        s = json.load(file)
    y = np.fromfile(os.path.join(folder, "y.f64")).reshape(s["n"], s["p"])
    k = KalmanSmoother(k_endog=s["p"], k_states=s["m"], k_posdef=s["m"], tolerance=tolerance)
    k.bind(y.copy())
    k.filter_univariate = univariate
    k["transition"], k["design"], k["obs_cov"] = np.array(s["T"]), np.array(s["Z"]), np.array(s["H"])
    k["selection"], k["state_cov"] = np.eye(s["m"]), np.array(s["RQR"])
    k.initialize_known(np.array(s["a1"]), np.array(s["P1"]))
    return k, s["n"]


def least(call):
    call()
    best, begin, runs = float("inf"), time.process_time(), 0
    while runs < 2 or time.process_time() - begin < BUDGET:
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
        runs += 1
    return best


def main():
    tag, folders = sys.argv[1], sys.argv[2:]
    for folder in folders:
        name = os.path.basename(folder.rstrip("/"))
        for quantity, tolerance, univariate in (
            ("loglik_steady", 1e-19, False),
            ("loglik_full", 0, False),
            ("loglik_full_univariate", 0, True),
        ):
            k, rows = build(folder, tolerance, univariate)
            print(name, f"statsmodels_{quantity}:{tag}", 1e6 * least(k.loglike) / rows, flush=True)
        for univariate in (False, True):
            k, rows = build(folder, 0, univariate)
            what = "smooth_univariate" if univariate else "smooth"
            print(name, f"statsmodels_{what}:{tag}", 1e6 * least(k.smooth) / rows, flush=True)


main()
