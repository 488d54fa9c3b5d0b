//! Inputs put together along their rows, outputs taken apart again.

use altlas_proto::Tensor;

use super::work::{Join, Work};

/// What belongs to one call of a joined run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    rows: usize,
    length: usize,
}

/// One set of inputs for several.
pub struct Together {
    pub inputs: Vec<Tensor>,
    pub parts: Vec<Part>,
    /// The length that shorter sequences were filled up to, where there are sequences.
    length: Option<usize>,
}

/// Puts the inputs of works together that [match](Work::matches). `None` when their bytes are not what their shapes say.
pub fn together(works: &[&Work]) -> Option<Together> {
    let first = works.first()?;
    let dimension = |work: &Work, n: usize| work.inputs.first()?.spec.shape.get(n).copied();
    let padded = first.join == Join::Padded;
    let parts: Option<Vec<Part>> = works
        .iter()
        .map(|work| {
            let length = if padded { dimension(work, 1)? } else { 1 };
            Some(Part { rows: dimension(work, 0)?, length })
        })
        .collect();
    let parts = parts?;
    let rows = parts.iter().map(|part| part.rows).sum();
    let length = padded.then(|| parts.iter().map(|part| part.length).max()).flatten();
    let inputs = first.inputs.iter().enumerate().map(|(n, like)| {
        let mut shape = like.spec.shape.clone();
        if let (Some(to), Some(length)) = (shape.get_mut(1), length) {
            *to = length;
        }
        *shape.first_mut()? = rows;
        let mut data = Vec::new();
        for work in works {
            let tensor = work.inputs.get(n)?;
            match length {
                Some(length) => fill_up(tensor, length, &mut data)?,
                None if is_whole(tensor) => data.extend_from_slice(&tensor.data),
                None => return None,
            }
        }
        Some(Tensor::new(&like.spec.name, like.spec.dtype, &shape, data))
    });
    Some(Together { inputs: inputs.collect::<Option<_>>()?, parts, length })
}

impl Together {
    /// Each call's share of the outputs; `None` when they are not by row.
    pub fn apart(&self, outputs: &[Tensor]) -> Option<Vec<Vec<Tensor>>> {
        let rows: usize = self.parts.iter().map(|part| part.rows).sum();
        let mut shares = vec![Vec::with_capacity(outputs.len()); self.parts.len()];
        for output in outputs {
            if output.spec.shape.first() != Some(&rows) {
                return None;
            }
            let mut rest = output.data.as_slice();
            for (share, part) in shares.iter_mut().zip(&self.parts) {
                let (own, others) = rest.split_at_checked(bytes_of(output, rest, part.rows)?)?;
                rest = others;
                share.push(self.share(output, *part, own)?);
            }
        }
        Some(shares)
    }

    /// The rows of one call as a tensor, cut to the length of its own sequences.
    fn share(&self, output: &Tensor, part: Part, own: &[u8]) -> Option<Tensor> {
        let spec = &output.spec;
        let mut shape = spec.shape.clone();
        *shape.first_mut()? = part.rows;
        // An output that is as long as the filled-up sequences is along them.
        let cut = self.length.filter(|length| *length != part.length && shape.get(1) == Some(length));
        let Some(length) = cut else {
            return Some(Tensor::new(&spec.name, spec.dtype, &shape, own.to_vec()));
        };
        *shape.get_mut(1)? = part.length;
        let step = shape.get(2..)?.iter().try_fold(spec.dtype.width()?, |n, d| n.checked_mul(*d))?;
        let kept = part.length * step;
        let rows = own.chunks_exact((length * step).max(1)).filter_map(|row| row.get(..kept));
        Some(Tensor::new(&spec.name, spec.dtype, &shape, rows.flatten().copied().collect()))
    }
}

/// Appends a tensor `[rows, len, …]`, each row filled up with zeros to `length`.
fn fill_up(tensor: &Tensor, length: usize, to: &mut Vec<u8>) -> Option<()> {
    let (rows, rest) = tensor.spec.shape.split_first()?;
    let (len, rest) = rest.split_first()?;
    let step = rest.iter().try_fold(tensor.spec.dtype.width()?, |n, d| n.checked_mul(*d))?;
    let (row, full) = (len.checked_mul(step)?, length.checked_mul(step)?);
    if row == 0 || row.checked_mul(*rows) != Some(tensor.data.len()) {
        return None;
    }
    to.reserve(rows * full);
    for row in tensor.data.chunks_exact(row) {
        let end = to.len() + full;
        to.extend_from_slice(row);
        to.resize(end, 0);
    }
    Some(())
}

/// Whether the bytes are as many elements as the shape says: in company, what one tensor has too much would be taken
/// for the rows of another.
fn is_whole(tensor: &Tensor) -> bool {
    bytes_of(tensor, &tensor.data, tensor.spec.shape.first().copied().unwrap_or(0)) == Some(tensor.data.len())
}

/// How many of the bytes are the first rows.
fn bytes_of(tensor: &Tensor, data: &[u8], rows: usize) -> Option<usize> {
    let in_row = tensor.spec.shape.get(1..)?.iter().try_fold(1usize, |n, d| n.checked_mul(*d))?;
    let elements = rows.checked_mul(in_row)?;
    if let Some(width) = tensor.spec.dtype.width() {
        return elements.checked_mul(width);
    }
    let mut rest = data;
    for _ in 0..elements {
        let (length, text) = rest.split_first_chunk::<4>()?;
        rest = text.get(u32::from_le_bytes(*length) as usize..)?;
    }
    Some(data.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(join: Join, inputs: Vec<Tensor>) -> Work {
        Work { inputs, outputs: vec![], join }
    }

    #[test]
    fn rows_come_back_to_whom_they_belong() {
        let one = work(
            Join::Rows,
            vec![Tensor::f32("x", &[1, 2], &[1.0, 2.0]), Tensor::strings("s", &[1], &["a"])],
        );
        let two = work(
            Join::Rows,
            vec![Tensor::f32("x", &[2, 2], &[3.0, 4.0, 5.0, 6.0]), Tensor::strings("s", &[2], &["", "İğne"])],
        );
        let joined = together(&[&one, &two]).unwrap();
        assert_eq!(joined.inputs[0], Tensor::f32("x", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        assert_eq!(joined.inputs[1], Tensor::strings("s", &[3], &["a", "", "İğne"]));
        assert_eq!(joined.apart(&joined.inputs).unwrap(), [one.inputs, two.inputs]);
    }

    #[test]
    fn shorter_sequences_are_filled_up_and_cut_again() {
        let short = work(Join::Padded, vec![Tensor::i64("ids", &[1, 2], &[1, 2])]);
        let long = work(Join::Padded, vec![Tensor::i64("ids", &[2, 3], &[3, 4, 5, 6, 7, 8])]);
        let joined = together(&[&short, &long]).unwrap();
        assert_eq!(joined.inputs, [Tensor::i64("ids", &[3, 3], &[1, 2, 0, 3, 4, 5, 6, 7, 8])]);
        let states = Tensor::f32("states", &[3, 3, 1], &[1.0, 2.0, 9.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        let pooled = Tensor::f32("pooled", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let shares = joined.apart(&[states, pooled]).unwrap();
        assert_eq!(shares[0][0], Tensor::f32("states", &[1, 2, 1], &[1.0, 2.0]));
        assert_eq!(shares[0][1], Tensor::f32("pooled", &[1, 2], &[1.0, 2.0]));
        assert_eq!(shares[1][0], Tensor::f32("states", &[2, 3, 1], &[3.0, 4.0, 5.0, 6.0, 7.0, 8.0]));
        assert_eq!(shares[1][1], Tensor::f32("pooled", &[2, 2], &[3.0, 4.0, 5.0, 6.0]));
    }

    #[test]
    fn what_is_not_by_row_is_not_taken_apart() {
        let one = work(Join::Rows, vec![Tensor::f32("x", &[1], &[1.0])]);
        let joined = together(&[&one, &one]).unwrap();
        assert_eq!(joined.apart(&[Tensor::f32("sum", &[1], &[2.0])]), None);
        assert_eq!(joined.apart(&[Tensor::f32("sum", &[], &[2.0])]), None);
        assert_eq!(joined.apart(&[Tensor::new("s", altlas_proto::DataType::String, &[2], vec![1])]), None);
    }

    #[test]
    fn bytes_that_are_not_what_the_shape_says_do_not_reach_others() {
        let good = work(Join::Rows, vec![Tensor::strings("s", &[1], &["a"])]);
        for count in [0, 2] {
            let mut lie = Tensor::strings("s", &[count], &vec!["b"; count]);
            lie.spec.shape = vec![1];
            assert!(together(&[&good, &work(Join::Rows, vec![lie])]).is_none());
        }
        let lie = Tensor::new("ids", altlas_proto::DataType::I64, &[1, 2], vec![0; 8]);
        assert!(together(&[&work(Join::Padded, vec![lie])]).is_none());
    }
}
