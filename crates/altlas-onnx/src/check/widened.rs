use std::collections::HashMap;

use crate::proto::{GraphProto, NodeProto, TensorProto, data_type};

/// Bytes by which constants grow in the runtime. What it can compute from constants alone it computes when it opens the
/// model: weights kept as short integers and cast are held as floats. Dequantised ones are made anew by each run, in memory
/// that the session keeps, unless the runtime finds a form of the next operator that needs no floats.
pub(super) fn bytes(graph: &GraphProto) -> u64 {
    let constants: HashMap<&str, &TensorProto> =
        graph.initializer.iter().filter_map(|tensor| Some((tensor.name.as_deref()?, tensor))).collect();
    graph.node.iter().map(|node| of_node(node, &constants)).fold(0, u64::saturating_add)
}

fn of_node(node: &NodeProto, constants: &HashMap<&str, &TensorProto>) -> u64 {
    let width = match node.op_type.as_deref() {
        Some("DequantizeLinear") => 4,
        Some("Cast") => target_width(node),
        _ => return nested(node),
    };
    let constant = node.input.first().and_then(|name| constants.get(name.as_str()));
    constant.map_or(0, |tensor| {
        let (elements, bytes) = extent(tensor);
        elements.saturating_mul(width).saturating_sub(bytes)
    })
}

/// Recursion is bounded: a file nested deeper than `MAX_DEPTH` messages was refused before it was decoded.
fn nested(node: &NodeProto) -> u64 {
    let graphs = node.attribute.iter().flat_map(|a| a.g.iter().map(|g| &**g).chain(&a.graphs));
    graphs.map(bytes).fold(0, u64::saturating_add)
}

fn target_width(node: &NodeProto) -> u64 {
    let to = node.attribute.iter().find(|a| a.name.as_deref() == Some("to")).and_then(|a| a.i);
    let to = to.and_then(|to| i32::try_from(to).ok());
    if matches!(to, Some(data_type::DOUBLE | data_type::INT64 | data_type::UINT64)) { 8 } else { 4 }
}

/// Elements and bytes of a tensor, by its data: what its dimensions say may not be so.
fn extent(tensor: &TensorProto) -> (u64, u64) {
    if let Some(raw) = &tensor.raw_data {
        let bytes = raw.len() as u64;
        let elements = match tensor.data_type {
            Some(data_type::FLOAT | data_type::INT32 | data_type::UINT32) => bytes / 4,
            Some(data_type::DOUBLE | data_type::INT64 | data_type::UINT64) => bytes / 8,
            Some(data_type::INT16 | data_type::UINT16 | data_type::FLOAT16 | data_type::BFLOAT16) => {
                bytes / 2
            }
            Some(data_type::INT8 | data_type::UINT8 | data_type::BOOL) => bytes,
            // Types of half a byte and others.
            _ => bytes.saturating_mul(2),
        };
        return (elements, bytes);
    }
    let (wide, narrow) = (
        tensor.int64_data.len() + tensor.uint64_data.len() + tensor.double_data.len(),
        tensor.int32_data.len() + tensor.float_data.len(),
    );
    ((wide + narrow) as u64, (wide * 8 + narrow) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::AttributeProto;

    fn weights(data_type: i32, bytes: usize) -> TensorProto {
        let raw_data = Some(vec![1; bytes]);
        let (name, dims) = (Some("weights".to_owned()), vec![i64::MAX]);
        TensorProto { name, dims, data_type: Some(data_type), raw_data, ..TensorProto::default() }
    }

    fn graph(operator: &str, to: Option<i32>, initializer: TensorProto) -> GraphProto {
        let attribute = to.map(|to| AttributeProto {
            name: Some("to".to_owned()),
            i: Some(to.into()),
            ..AttributeProto::default()
        });
        let node = NodeProto {
            op_type: Some(operator.to_owned()),
            input: vec!["weights".to_owned()],
            attribute: attribute.into_iter().collect(),
            ..NodeProto::default()
        };
        GraphProto { node: vec![node], initializer: vec![initializer], ..GraphProto::default() }
    }

    #[test]
    fn short_weights_count_as_wide_as_they_are_computed_with() {
        for (operator, to, data_type, expected) in [
            ("Cast", Some(data_type::FLOAT), data_type::INT8, 3000),
            ("Cast", Some(data_type::DOUBLE), data_type::FLOAT, 1000),
            ("Cast", Some(data_type::FLOAT), data_type::FLOAT16, 1000),
            ("Cast", Some(data_type::INT8), data_type::DOUBLE, 0),
            ("DequantizeLinear", None, data_type::UINT8, 3000),
            ("MatMulInteger", None, data_type::INT8, 0),
        ] {
            assert_eq!(bytes(&graph(operator, to, weights(data_type, 1000))), expected, "{operator} {to:?}");
        }
        let typed = TensorProto { raw_data: None, int32_data: vec![1; 10], ..weights(data_type::INT8, 0) };
        assert_eq!(bytes(&graph("DequantizeLinear", None, typed)), 30);
    }

    #[test]
    fn graphs_in_attributes_count() {
        let inner = graph("DequantizeLinear", None, weights(data_type::INT8, 100));
        let attribute = AttributeProto { g: Some(Box::new(inner)), ..AttributeProto::default() };
        let mut outer = graph("If", None, weights(data_type::INT8, 100));
        outer.node[0].attribute.push(attribute);
        assert_eq!(bytes(&outer), 300);
    }
}
