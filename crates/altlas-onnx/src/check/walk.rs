use std::collections::{BTreeMap, HashSet};

use super::{Limits, clip};
use crate::OnnxError;
use crate::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, SparseTensorProto,
    TensorProto, data_location,
};

/// Operators of `com.microsoft` that carry or point at compiled code of a device's vendor.
const NATIVE_CODE: [&str; 2] = ["EPContext", "Snpe"];

/// What the walk gathers.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) opsets: BTreeMap<String, i64>,
    pub(super) operators: BTreeMap<String, usize>,
}

struct Walk<'a> {
    limits: &'a Limits,
    /// Functions by domain and name. Overloads differ in their bodies, all of which are walked.
    functions: HashSet<(&'a str, &'a str)>,
    found: Walked,
}

pub(super) fn model(model: &ModelProto, graph: &GraphProto, limits: &Limits) -> Result<Walked, OnnxError> {
    let functions = model.functions.iter().map(function_name).collect();
    let mut walk = Walk { limits, functions, found: Walked::default() };
    let imported = walk.imports(&model.opset_import)?;
    walk.graph(graph, &imported)?;
    for function in &model.functions {
        let imported = walk.imports(&function.opset_import)?;
        walk.nodes(&function.node, &imported)?;
        walk.attributes(&function.attribute_proto, &imported)?;
    }
    Ok(walk.found)
}

/// `ai.onnx` is the long name of the default domain.
fn normal(domain: Option<&str>) -> &str {
    domain.filter(|d| !d.is_empty()).unwrap_or("ai.onnx")
}

fn function_name(function: &FunctionProto) -> (&str, &str) {
    (normal(function.domain.as_deref()), function.name.as_deref().unwrap_or_default())
}

impl Walk<'_> {
    /// The domains of a list of imports, each of which must be known or made of functions of the model.
    fn imports<'m>(&mut self, imports: &'m [OperatorSetIdProto]) -> Result<HashSet<&'m str>, OnnxError> {
        let mut imported = HashSet::new();
        for import in imports {
            let domain = normal(import.domain.as_deref());
            let version = import.version.unwrap_or_default();
            match self.limits.newest(domain) {
                Some(newest) if !(1..=newest).contains(&version) => {
                    return Err(OnnxError::Opset { domain: domain.to_owned(), version, newest });
                }
                Some(_) => {
                    imported.insert(domain);
                }
                None if self.functions.iter().any(|(owner, _)| *owner == domain) => {}
                None => return Err(OnnxError::Domain { domain: clip(domain) }),
            }
            let seen = self.found.opsets.entry(domain.to_owned()).or_default();
            *seen = version.max(*seen);
        }
        Ok(imported)
    }

    fn graph(&mut self, graph: &GraphProto, imported: &HashSet<&str>) -> Result<(), OnnxError> {
        graph.initializer.iter().try_for_each(in_file)?;
        graph.sparse_initializer.iter().try_for_each(sparse_in_file)?;
        self.nodes(&graph.node, imported)
    }

    fn nodes(&mut self, nodes: &[NodeProto], imported: &HashSet<&str>) -> Result<(), OnnxError> {
        for node in nodes {
            let operator = node.op_type.as_deref().filter(|op| !op.is_empty());
            let operator = operator.ok_or_else(|| OnnxError::NoOperator { node: node_name(node) })?;
            let domain = normal(node.domain.as_deref());
            let refused = || (node_name(node), clip(operator));
            if !self.functions.contains(&(domain, operator)) {
                if !imported.contains(domain) {
                    let (node, operator) = refused();
                    return Err(OnnxError::NotImported { node, operator, domain: clip(domain) });
                }
                if domain == "com.microsoft" && NATIVE_CODE.contains(&operator) {
                    let (node, operator) = refused();
                    return Err(OnnxError::NativeCode { node, operator });
                }
            }
            let key = if domain == "ai.onnx" { operator.to_owned() } else { format!("{domain}.{operator}") };
            *self.found.operators.entry(key).or_default() += 1;
            self.attributes(&node.attribute, imported)?;
        }
        Ok(())
    }

    /// Recursion is bounded: a file nested deeper than `MAX_DEPTH` messages was refused before it was decoded.
    fn attributes(
        &mut self,
        attributes: &[AttributeProto],
        imported: &HashSet<&str>,
    ) -> Result<(), OnnxError> {
        for attribute in attributes {
            attribute.t.iter().map(|t| &**t).chain(&attribute.tensors).try_for_each(in_file)?;
            let sparse = attribute.sparse_tensor.iter().map(|t| &**t).chain(&attribute.sparse_tensors);
            sparse.into_iter().try_for_each(sparse_in_file)?;
            for graph in attribute.g.iter().map(|g| &**g).chain(&attribute.graphs) {
                self.graph(graph, imported)?;
            }
        }
        Ok(())
    }
}

fn in_file(tensor: &TensorProto) -> Result<(), OnnxError> {
    // Any location but the default one, known or not, is outside.
    let outside = tensor.data_location.is_some_and(|l| l != data_location::DEFAULT);
    if !outside && tensor.external_data.is_empty() {
        return Ok(());
    }
    let entry = tensor.external_data.iter().find(|e| e.key.as_deref() == Some("location"));
    Err(OnnxError::ExternalData {
        tensor: clip(tensor.name.as_deref().unwrap_or_default()),
        location: clip(entry.and_then(|e| e.value.as_deref()).unwrap_or_default()),
    })
}

fn sparse_in_file(tensor: &SparseTensorProto) -> Result<(), OnnxError> {
    tensor.values.iter().chain(&tensor.indices).try_for_each(in_file)
}

fn node_name(node: &NodeProto) -> String {
    let name = node.name.as_ref().filter(|n| !n.is_empty()).or_else(|| node.output.first());
    clip(name.map(String::as_str).unwrap_or_default())
}
