//! Eigenvectors of symmetric matrices.
//!
//! Source: Golub & Van Loan, *Matrix Computations*, 4th ed., 8.5 (cyclic Jacobi), 8.2 (power iteration).

use crate::anomaly::Table;

/// Eigenvalues, descending, and the matrix whose row i is the unit eigenvector of value i.
///
/// `matrix` is symmetric, row-major `(order, order)`; cyclic Jacobi, O(order³) per sweep, residual below 1e-12 relative
/// to the largest eigenvalue. Each vector's entry of largest size is positive, so the result is unique.
pub fn symmetric_eigen(matrix: &[f64], order: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a = matrix.to_vec();
    let mut v: Vec<f64> = (0..order * order).map(|i| f64::from(u8::from(i / order == i % order))).collect();
    let total: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..60 {
        let off: f64 =
            (0..order).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * order + j].powi(2)).sum();
        if off <= total * 1e-32 {
            break;
        }
        for p in 0..order {
            for q in (p + 1)..order {
                let apq = a[p * order + q];
                if apq.abs() < f64::MIN_POSITIVE {
                    continue;
                }
                let theta = (a[q * order + q] - a[p * order + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..order {
                    let (x, y) = (a[k * order + p], a[k * order + q]);
                    a[k * order + p] = c * x - s * y;
                    a[k * order + q] = s * x + c * y;
                }
                for k in 0..order {
                    let (x, y) = (a[p * order + k], a[q * order + k]);
                    a[p * order + k] = c * x - s * y;
                    a[q * order + k] = s * x + c * y;
                    let (x, y) = (v[p * order + k], v[q * order + k]);
                    v[p * order + k] = c * x - s * y;
                    v[q * order + k] = s * x + c * y;
                }
            }
        }
    }
    let mut by_value: Vec<usize> = (0..order).collect();
    by_value.sort_by(|x, y| a[y * order + y].total_cmp(&a[x * order + x]));
    let values = by_value.iter().map(|i| a[i * order + i]).collect();
    let mut vectors = Vec::with_capacity(order * order);
    for index in by_value {
        let row = &v[index * order..(index + 1) * order];
        let largest = row.iter().fold(0.0_f64, |m, x| if x.abs() > m.abs() { *x } else { m });
        vectors.extend(row.iter().map(|x| if largest < 0.0 { -x } else { *x }));
    }
    (values, vectors)
}

/// Unit vector v that maximises ‖A v‖ for rows A, row-major with `columns` columns: the first right singular vector.
///
/// Power iteration on AᵀA without forming it, from a vector of equal parts, until the direction moves by less than
/// 1e-12 (at most 1,000 rounds).
pub fn leading_direction(rows: &[f64], columns: usize) -> Vec<f64> {
    // The second-moment matrix is formed when it is smaller than the data, which saves passes.
    let gram = if columns * columns <= rows.len() { Some(second_moment(rows, columns)) } else { None };
    let mut v: Vec<f64> = (0..columns).map(|i| 1.0 + 1e-3 * (i as f64 + 1.0) / columns as f64).collect();
    normalise(&mut v);
    for _ in 0..1000 {
        let mut next = vec![0.0; columns];
        if let Some(gram) = &gram {
            for (to, row) in next.iter_mut().zip(gram.chunks_exact(columns)) {
                *to = dot(row, &v);
            }
        } else {
            for row in rows.chunks_exact(columns) {
                let along = dot(row, &v);
                next.iter_mut().zip(row).for_each(|(to, x)| *to += along * x);
            }
        }
        if !normalise(&mut next) {
            break;
        }
        let moved: f64 = next.iter().zip(&v).map(|(a, b)| (a - b).powi(2)).sum();
        v = next;
        if moved < 1e-24 {
            break;
        }
    }
    v
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn normalise(v: &mut [f64]) -> bool {
    let norm = dot(v, v).sqrt();
    if norm > 0.0 {
        v.iter_mut().for_each(|x| *x /= norm);
    }
    norm > 0.0
}

fn second_moment(rows: &[f64], columns: usize) -> Vec<f64> {
    let mut gram = vec![0.0; columns * columns];
    for row in rows.chunks_exact(columns) {
        for (x, to) in row.iter().zip(gram.chunks_exact_mut(columns)) {
            to.iter_mut().zip(row).for_each(|(t, y)| *t += x * y);
        }
    }
    gram
}

/// Column means and the covariance matrix (divisor n), row-major.
pub fn covariance(table: &Table<'_>) -> (Vec<f64>, Vec<f64>) {
    let (n, columns) = (table.rows() as f64, table.columns());
    let mean: Vec<f64> = (0..columns).map(|c| table.iter().map(|row| row[c]).sum::<f64>() / n).collect();
    let centred: Vec<f64> = table.iter().flat_map(|row| row.iter().zip(&mean).map(|(x, m)| x - m)).collect();
    let matrix = second_moment(&centred, columns).into_iter().map(|x| x / n).collect();
    (mean, matrix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenpairs_solve_their_equation() {
        let matrix = [4.0, 1.0, 2.0, 1.0, 3.0, 0.5, 2.0, 0.5, 6.0];
        let (values, vectors) = symmetric_eigen(&matrix, 3);
        assert!(values[0] > values[1] && values[1] > values[2]);
        assert!((values.iter().sum::<f64>() - 13.0).abs() < 1e-12);
        for (value, vector) in values.iter().zip(vectors.chunks_exact(3)) {
            for (row, x) in matrix.chunks_exact(3).zip(vector) {
                assert!((dot(row, vector) - value * x).abs() < 1e-12);
            }
        }
    }
}
