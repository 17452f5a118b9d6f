//! Reading the tensors of a file without trusting it.

use tract_onnx::pb::{ModelProto, TensorProto, tensor_proto::DataLocation, tensor_proto::DataType};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{bail, ensure};

use crate::MemoryBudget;

/// Number of elements that the shape asks for; none when it is negative or beyond all memory.
pub(super) fn count(tensor: &TensorProto) -> Option<usize> {
    tensor.dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(usize::try_from(dim).ok()?))
}

/// Refuses a model with a constant whose data does not fill its shape, lies in another file or passes the budget, and
/// zeros put around a tensor that would pass it.
pub(super) fn check(model: &ModelProto, budget: &MemoryBudget) -> TractResult<()> {
    let Some(graph) = &model.graph else { return Ok(()) };
    let held = graph.node.iter().flat_map(|n| &n.attribute).filter_map(|a| a.t.as_ref());
    for tensor in graph.initializer.iter().chain(held) {
        let name = &tensor.name;
        ensure!(
            tensor.external_data.is_empty() && tensor.data_location != Some(DataLocation::External as i32),
            "the data of {name:?} lies in another file"
        );
        let Some(count) = count(tensor) else {
            bail!("{name:?} has the shape {:?}", tensor.dims);
        };
        let size = match DataType::try_from(tensor.data_type) {
            Ok(DataType::Bool | DataType::Int8 | DataType::Uint8) => 1,
            Ok(DataType::Int16 | DataType::Uint16 | DataType::Float16) => 2,
            Ok(DataType::Int32 | DataType::Uint32 | DataType::Float) => 4,
            Ok(DataType::Int64 | DataType::Uint64 | DataType::Double) => 8,
            Ok(DataType::String) if tensor.raw_data.is_empty() => 0,
            _ => bail!("{name:?} has elements of type {}", tensor.data_type),
        };
        let given = if tensor.raw_data.is_empty() {
            values(tensor)
        } else {
            ensure!(tensor.raw_data.len().is_multiple_of(size), "{name:?} ends within a value");
            tensor.raw_data.len() / size
        };
        ensure!(given == count, "{name:?} has {given} values, its shape {:?} asks for {count}", tensor.dims);
        let (bytes, most) = (count.saturating_mul(size), budget.tensor);
        ensure!(bytes <= most, "{name:?} takes {bytes} bytes, {most} are the most for a tensor");
    }
    let most = i64::try_from(budget.tensor).unwrap_or(i64::MAX);
    for node in graph.node.iter().filter(|n| n.op_type == "Pad") {
        let widths = graph.initializer.iter().find(|t| node.input.get(1) == Some(&t.name));
        let attribute = node.attribute.iter().find(|a| a.name == "pads").map(|a| a.ints.clone());
        let widths = widths.and_then(integers).or(attribute).unwrap_or_default();
        ensure!(widths.iter().all(|w| *w <= most), "{:?} puts {widths:?} zeros around a tensor", node.name);
    }
    Ok(())
}

/// Values that are not raw: one of the lists holds them.
fn values(t: &TensorProto) -> usize {
    [t.float_data.len(), t.int32_data.len(), t.int64_data.len(), t.double_data.len(), t.uint64_data.len()]
        .into_iter()
        .chain([t.string_data.len()])
        .max()
        .unwrap_or(0)
}

/// Whether a tensor has elements of a type.
pub(super) fn is(tensor: &TensorProto, of: DataType) -> bool {
    tensor.data_type == of as i32
}

/// The floats of a tensor that [`check`] let pass.
pub(super) fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if !is(tensor, DataType::Float) {
        return None;
    }
    let (raw, _) = tensor.raw_data.as_chunks::<4>();
    let raw = raw.iter().map(|b| f32::from_le_bytes(*b));
    Some(if tensor.raw_data.is_empty() { tensor.float_data.clone() } else { raw.collect() })
}

/// The 64-bit integers of a tensor that [`check`] let pass.
pub(crate) fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    if !is(tensor, DataType::Int64) {
        return None;
    }
    let (raw, _) = tensor.raw_data.as_chunks::<8>();
    let raw = raw.iter().map(|b| i64::from_le_bytes(*b));
    Some(if tensor.raw_data.is_empty() { tensor.int64_data.clone() } else { raw.collect() })
}

/// The two dimensions of a matrix.
pub(super) fn matrix(tensor: &TensorProto) -> Option<(usize, usize)> {
    let &[rows, columns] = tensor.dims.as_slice() else { return None };
    Some((usize::try_from(rows).ok()?, usize::try_from(columns).ok()?))
}

/// Whether a tensor is one value, or one for each column of a matrix.
pub(super) fn is_row(tensor: &TensorProto, columns: usize) -> bool {
    let width = tensor.dims.last().map_or(1, |&d| usize::try_from(d).unwrap_or(0));
    count(tensor) == Some(width) && (width == columns || width == 1)
}

/// Bytes of an int8 tensor in two's complement, for which zero means zero: signed bytes with a zero point of 0,
/// or unsigned ones with one of 128. The zero point may be left out.
pub(super) fn signed_bytes<'a>(
    tensor: &'a TensorProto,
    zero_point: Option<&TensorProto>,
) -> Option<std::borrow::Cow<'a, [u8]>> {
    let all = |zero: u8| zero_point.is_none_or(|z| z.data_type == tensor.data_type && all_are(z, zero));
    if tensor.raw_data.is_empty() {
        return None;
    }
    if is(tensor, DataType::Int8) && all(0) {
        Some((&*tensor.raw_data).into())
    } else if is(tensor, DataType::Uint8) && zero_point.is_some() && all(128) {
        Some(tensor.raw_data.iter().map(|b| b ^ 0x80).collect())
    } else {
        None
    }
}

fn all_are(tensor: &TensorProto, value: u8) -> bool {
    if tensor.raw_data.is_empty() {
        tensor.int32_data.iter().all(|&v| v == i32::from(value))
    } else {
        tensor.raw_data.iter().all(|&v| v == value)
    }
}
