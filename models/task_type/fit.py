"""Multinomial logistic regression on sparse rows by L-BFGS, its calibration and its measures."""

import numpy as np
from scipy import optimize


def softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def logistic(x, y, classes, penalty, iterations):
    """Weights [features, classes] and bias that minimise mean cross-entropy + penalty/2 · |W|²."""
    n, width = x.shape
    target = np.zeros((n, classes))
    target[np.arange(n), y] = 1.0
    xt = x.T.tocsr()

    def loss(flat):
        w, b = flat[:-classes].reshape(width, classes), flat[-classes:]
        z = x @ w + b
        z -= z.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(z).sum(axis=1))
        p = np.exp(z - log_sum[:, None])
        value = (log_sum - z[np.arange(n), y]).mean() + 0.5 * penalty * np.dot(flat[:-classes], flat[:-classes])
        error = (p - target) / n
        gradient = np.concatenate([(xt @ error + penalty * w).ravel(), error.sum(axis=0)])
        return value, gradient

    result = optimize.minimize(loss, np.zeros(width * classes + classes), jac=True, method="L-BFGS-B",
                               options={"maxiter": iterations, "maxcor": 10, "ftol": 1e-7, "gtol": 1e-6})
    return result.x[:-classes].reshape(width, classes), result.x[-classes:]


def temperature(logits, y):
    """The divisor of the logits that minimises cross-entropy (Guo et al. 2017, On Calibration of Modern Neural Networks)."""
    def loss(log_t):
        p = softmax(logits / np.exp(log_t))
        return -np.log(np.maximum(p[np.arange(len(y)), y], 1e-12)).mean()
    return float(np.exp(optimize.minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def calibration_error(p, y, bins=10):
    """Expected calibration error of the top label over bins of equal width."""
    top, hit = p.max(axis=1), p.argmax(axis=1) == y
    place = np.minimum((top * bins).astype(int), bins - 1)
    total = sum(abs(top[place == b].sum() - hit[place == b].sum()) for b in range(bins))
    return float(total / len(y))


def measures(p, y):
    """Accuracy, mean F1 over classes, cross-entropy and calibration error."""
    guess, classes = p.argmax(axis=1), p.shape[1]
    f1 = []
    for c in range(classes):
        hit, said, true = ((guess == c) & (y == c)).sum(), (guess == c).sum(), (y == c).sum()
        if said + true:
            f1.append(2.0 * hit / (said + true))
    return {"accuracy": round(float((guess == y).mean()), 4), "macro_f1": round(float(np.mean(f1)), 4),
            "log_loss": round(float(-np.log(np.maximum(p[np.arange(len(y)), y], 1e-12)).mean()), 4),
            "ece": round(calibration_error(p, y), 4), "rows": int(len(y))}
