"""Writes golden.json: reference values from mpmath, SciPy, statsmodels, scikit-learn and cleanlab.

Run in a throw-away environment: pip install mpmath numpy scipy scikit-learn statsmodels cleanlab
    python generate.py > golden.json
"""
import json
import mpmath
import numpy as np
from scipy import special, stats
from sklearn.neighbors import LocalOutlierFactor
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from cleanlab.count import compute_confident_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

mpmath.mp.dps = 40
g = {}
rng = np.random.default_rng(20261129)
g["ln_beta"] = [[a, b, float(mpmath.log(mpmath.beta(a, b)))] for a in (0.3, 2, 15, 400, 1e6) for b in (0.7, 9, 33, 1e5)]
g["gamma_upper"] = [[a, x, special.gammaincc(a, x)] for a in (0.2, 1, 7.5, 60, 5000) for x in (0.01, 0.9, 8, 70, 5100) if special.gammaincc(a, x) > 1e-290]
g["gamma_lower"] = [[a, x, special.gammainc(a, x)] for a in (0.2, 1, 7.5, 60, 5000) for x in (0.01, 0.9, 8, 70, 5100) if special.gammainc(a, x) > 1e-290]
g["beta"] = [[a, b, x, special.betainc(a, b, x)] for a in (0.5, 3, 40, 2000) for b in (0.5, 2, 60) for x in (0.001, 0.2, 0.6, 0.97) if special.betainc(a, b, x) > 1e-290]
g["t_sf"] = [[t, v, stats.t.sf(t, v)] for t in (-2, 0.3, 2.1, 15) for v in (1, 4.4, 90, 1e5)]
g["f_sf"] = [[f, a, b, stats.f.sf(f, a, b)] for f in (0.2, 1.5, 9) for a in (1, 7) for b in (3, 200)]
g["norm_ppf"] = [[p, stats.norm.ppf(p)] for p in (1e-200, 1e-12, 0.001, 0.2, 0.5, 0.8, 0.999)]
g["binom_sf"] = [[k, n, p, stats.binom.sf(k - 1, n, p)] for k, n, p in ((3, 10, 0.2), (40, 1000, 0.01), (900, 1000, 0.8), (13, 6920, 1e-4))]
g["hypergeom_sf"] = [[k, n, m, d, stats.hypergeom.sf(k - 1, n, m, d)] for k, n, m, d in ((13, 6920, 3610, 13), (60, 6920, 3610, 69), (2, 50, 10, 5), (4, 50, 25, 20), (690, 6920, 3610, 692))]
samples = [(rng.normal(size=40), rng.normal(0.4, 1, size=55)), (rng.integers(0, 6, 30).astype(float), rng.integers(1, 7, 25).astype(float)), (rng.lognormal(size=300), rng.lognormal(0.1, 1.2, size=200))]
g["samples"] = []
for a, b in samples:
    case = {"a": a.tolist(), "b": b.tolist(), "wasserstein": stats.wasserstein_distance(a, b), "energy": stats.energy_distance(a, b)}
    for method in ("exact", "asymp"):
        for alternative in ("two-sided", "greater", "less"):
            r = stats.ks_2samp(a, b, alternative=alternative, method=method)
            case[f"ks {method} {alternative}"] = [float(r.statistic), float(r.pvalue)]
    r = stats.mannwhitneyu(a, b, method="asymptotic")
    case["mann_whitney"] = [float(r.statistic), float(r.pvalue)]
    r = stats.ttest_ind(a, b, equal_var=False)
    case["welch"] = [float(r.statistic), float(r.df), float(r.pvalue)]
    g["samples"].append(case)
p = rng.uniform(size=12) ** 3
g["adjust"] = {"p": p.tolist(), **{m: multipletests(p, method=m)[1].tolist() for m in ("bonferroni", "holm", "fdr_bh", "fdr_by")}}
g["wilson"] = [[k, n, *map(float, proportion_confint(k, n, 0.05, "wilson"))] for k, n in ((0, 10), (3, 10), (450, 1000))]
g["tables"] = []
for t in ([[12, 5], [7, 30]], [[3, 1], [1, 3]], [[50, 0], [40, 6]]):
    c = {"t": t, "fisher": float(stats.fisher_exact(t)[1])}
    for name, kw in (("chi2", {"correction": False}), ("yates", {"correction": True}), ("g", {"correction": False, "lambda_": "log-likelihood"})):
        r = stats.chi2_contingency(t, **kw)
        c[name] = [float(r.statistic), float(r.pvalue)]
    g["tables"].append(c)
x = rng.normal(size=(60, 3))
g["lof"] = {"x": x.ravel().tolist(), "lof": (-LocalOutlierFactor(7).fit(x).negative_outlier_factor_).tolist()}
n, k = 400, 5
true = rng.integers(0, k, n)
scores = rng.normal(size=(n, k)) + 2.2 * np.eye(k)[true]
probabilities = np.round(np.exp(scores) / np.exp(scores).sum(1, keepdims=True), 6)
labels = np.where(rng.uniform(size=n) < 0.12, rng.integers(0, k, n), true)
c = {"classes": k, "labels": labels.tolist(), "probabilities": probabilities.ravel().tolist()}
c["thresholds"] = get_confident_thresholds(labels, probabilities).tolist()
c["joint"] = compute_confident_joint(labels, probabilities, calibrate=False).ravel().tolist()
c["calibrated"] = compute_confident_joint(labels, probabilities, calibrate=True).ravel().tolist()
for f in ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given", "low_normalized_margin", "low_self_confidence"):
    c[f] = np.flatnonzero(find_label_issues(labels, probabilities, filter_by=f, n_jobs=1)).tolist()
for m in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
    c["score " + m] = get_label_quality_scores(labels, probabilities, method=m, adjust_pred_probs=False).tolist()
g["labels"] = c
print(json.dumps(g))
