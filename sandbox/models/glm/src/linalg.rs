//! Solving a symmetric positive definite system.

/// Solves `a · x = b` by Cholesky's decomposition. `a` is symmetric, row-major, `b.len()` rows; its lower
/// half is read. None if it is not positive definite, to the precision of the numbers.
pub(crate) fn solve(a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    let size = b.len();
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(size);
    let mut x = Vec::with_capacity(size);
    for (index, source) in a.chunks_exact(size).enumerate() {
        let row = factor_row(&rows, source, index)?;
        // Forward substitution goes along: L · y = b.
        let known = dot(&row, &x);
        x.push((b.get(index)? - known) / row.last()?);
        rows.push(row);
    }
    // Backward: Lᵀ · x = y.
    for index in (0..size).rev() {
        let row = rows.get(index)?;
        let (value, done) = (x.get(index)? / row.last()?, row.get(..index)?);
        for (rest, factor) in x.iter_mut().zip(done) {
            *rest -= factor * value;
        }
        *x.get_mut(index)? = value;
    }
    (x.len() == size).then_some(x)
}

/// Row `index` of L, from the rows above it and the same row of the matrix.
fn factor_row(above: &[Vec<f64>], source: &[f64], index: usize) -> Option<Vec<f64>> {
    let mut row: Vec<f64> = Vec::with_capacity(index + 1);
    for (upper, value) in above.iter().zip(source) {
        row.push((value - dot(upper, &row)) / upper.last()?);
    }
    let diagonal = *source.get(index)?;
    let square = diagonal - dot(&row, &row);
    // What is left of the diagonal is lost in rounding: a column depends on the others.
    if !(square.is_finite() && square > diagonal.abs() * 1e-14) {
        return None;
    }
    row.push(square.sqrt());
    Some(row)
}

/// The sum of products, over the shorter of the two.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_with_a_known_solution_is_solved() {
        let a = [4.0, 12.0, -16.0, 12.0, 37.0, -43.0, -16.0, -43.0, 98.0];
        let x = [1.0, -2.0, 0.5];
        let b: Vec<f64> = a.chunks_exact(3).map(|row| dot(row, &x)).collect();
        let solved = solve(&a, &b).unwrap();
        assert!(solved.iter().zip(x).all(|(got, want)| (got - want).abs() < 1e-9), "{solved:?}");
    }

    #[test]
    fn what_is_not_positive_definite_has_no_solution() {
        assert_eq!(solve(&[1.0, 2.0, 2.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(solve(&[1.0, 1.0, 1.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(solve(&[0.0], &[1.0]), None);
        assert_eq!(solve(&[f64::NAN], &[1.0]), None);
    }
}
