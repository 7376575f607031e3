//! Symmetric matrices: their halves, and solving a positive definite system.

/// The half of a symmetric matrix of `size` rows that says it all: row `i` holds `size / 2 + 1` elements from
/// the diagonal on, going round at the end of the row. Packed, it is as long as `size` and half as wide.
#[derive(Clone, Copy)]
pub(crate) struct Half {
    size: usize,
}

impl Half {
    pub(crate) fn of(size: usize) -> Self {
        Self { size }
    }

    /// Elements of a row.
    pub(crate) fn width(self) -> usize {
        self.size / 2 + 1
    }

    /// Takes the half out of a row-major matrix.
    pub(crate) fn pack(self, matrix: &[f64]) -> Vec<f64> {
        let Self { size } = self;
        let at = |row: usize, step: usize| matrix.get(row * size + (row + step) % size);
        let rows = (0..size).flat_map(|row| (0..self.width()).map(move |step| (row, step)));
        rows.filter_map(|(row, step)| at(row, step).copied()).collect()
    }

    /// The matrix again, row-major; none if `packed` is not the half of one of this size.
    pub(crate) fn unpack(self, packed: &[f64]) -> Option<Vec<f64>> {
        let (Self { size }, width) = (self, self.width());
        let mut matrix = vec![0.0; size * size];
        if packed.len() != size * width {
            return None;
        }
        for (row, values) in packed.chunks_exact(width).enumerate() {
            for (step, value) in values.iter().enumerate() {
                let column = (row + step) % size;
                *matrix.get_mut(row * size + column)? = *value;
                *matrix.get_mut(column * size + row)? = *value;
            }
        }
        Some(matrix)
    }
}

/// Solves `a · x = b` by Cholesky's decomposition. `a` is symmetric, row-major, `b.len()` rows; its lower
/// half is read. If it is not positive definite, to the precision of the numbers: the first row that depends
/// on those above it.
pub(crate) fn solve(a: &[f64], b: &[f64]) -> Result<Vec<f64>, usize> {
    let size = b.len();
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(size);
    let mut x = Vec::with_capacity(size);
    for (index, source) in a.chunks_exact(size.max(1)).enumerate() {
        let row = factor_row(&rows, source, index).ok_or(index)?;
        // Forward substitution goes along: L · y = b.
        let known = dot(&row, &x);
        x.push((b.get(index).ok_or(index)? - known) / row.last().ok_or(index)?);
        rows.push(row);
    }
    // Backward: Lᵀ · x = y.
    for index in (0..size).rev() {
        let row = rows.get(index).ok_or(index)?;
        let value = x.get(index).ok_or(index)? / row.last().ok_or(index)?;
        for (rest, factor) in x.iter_mut().zip(row.iter().take(index)) {
            *rest -= factor * value;
        }
        *x.get_mut(index).ok_or(index)? = value;
    }
    Ok(x)
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
    fn what_is_not_positive_definite_has_no_solution_and_the_row_is_told() {
        assert_eq!(solve(&[1.0, 2.0, 2.0, 1.0], &[1.0, 1.0]), Err(1));
        assert_eq!(solve(&[1.0, 1.0, 1.0, 1.0], &[1.0, 1.0]), Err(1));
        assert_eq!(solve(&[0.0], &[1.0]), Err(0));
        assert_eq!(solve(&[f64::NAN], &[1.0]), Err(0));
        assert_eq!(solve(&[], &[1.0]), Err(0));
    }

    #[test]
    fn half_a_matrix_is_the_matrix() {
        for size in 1..9_u8 {
            let element = |row: u8, column: u8| f64::from(row.min(column) * 16 + row.max(column));
            let matrix: Vec<f64> =
                (0..size).flat_map(|row| (0..size).map(move |column| element(row, column))).collect();
            let half = Half::of(usize::from(size));
            let packed = half.pack(&matrix);
            assert_eq!(packed.len(), usize::from(size) * half.width());
            assert_eq!(half.unpack(&packed), Some(matrix));
            assert_eq!(half.unpack(&packed[1..]), None);
        }
    }
}
