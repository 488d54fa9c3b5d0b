//! What people need of the runtime's messages, which carry source paths and C++ signatures.

/// The longest message kept, in characters.
const LONGEST: usize = 400;

/// Cuts a message of the runtime down to its point.
pub(crate) fn short(raw: &str) -> String {
    // "Non-zero status code returned while running Gather node. Name:'g' Status Message: <point>"
    let node = raw.split_once("while running ").and_then(|(_, rest)| rest.split_once(" node."));
    let named = node.and_then(|(operator, rest)| {
        let name = rest.split_once("Name:'")?.1.split_once('\'')?.0;
        Some((operator, name))
    });
    let point = raw.rsplit_once("Status Message: ").map_or(raw, |(_, point)| point);
    // "<path>.cc:46 void f(args) <condition> was false. <point>", also after some words of its own.
    let point = match point.find("/onnxruntime_src/").or_else(|| point.find(".cc:").map(|_| 0)) {
        Some(_) => after_location(point),
        None => point,
    };
    let point = point.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let point = point.trim_end_matches('.');
    let full = match named {
        Some((operator, "")) => format!("{operator}: {point}"),
        Some((operator, name)) => format!("{operator} {name:?}: {point}"),
        None => point.to_owned(),
    };
    clip(&full, LONGEST)
}

/// What follows a source location, a signature and a condition.
fn after_location(text: &str) -> &str {
    if let Some((_, point)) = text.rsplit_once(" was false. ") {
        return point;
    }
    let after_path = text.rsplit_once(".cc:").map_or(text, |(_, rest)| rest);
    // A signature ends in `)`, for lambdas in `<lambda()>`, for templates in `[with …]`.
    let after_signature = after_path
        .rsplit_once("<lambda()> ")
        .or_else(|| after_path.split_once("[with ").and_then(|(_, rest)| rest.split_once("] ")))
        .or_else(|| after_path.split_once(") "));
    after_signature.map_or(after_path, |(_, point)| point)
}

/// The first `longest` characters.
pub(crate) fn clip(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn the_point_is_kept() {
        let cases = [
            (
                "Non-zero status code returned while running Gather node. Name:'g' Status Message: indices element out \
                 of data bounds, idx=9 must be within the inclusive range [-3,2]",
                "Gather \"g\": indices element out of data bounds, idx=9 must be within the inclusive range [-3,2]",
            ),
            (
                "/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::\
                 ValidateOpsetForDomain(const int&) current_onnx_version was false. ONNX Runtime only supports opset 28.",
                "ONNX Runtime only supports opset 28",
            ),
            (
                "Exception during initialization: /onnxruntime_src/onnxruntime/core/providers/cpu/ml/scaler.cc:69 \
                 onnxruntime::ml::ScalerOp<T>::ScalerOp(const onnxruntime::OpKernelInfo&) [with T = float] \
                 !scale_.empty() was false. Empty scale in attributes\n",
                "Empty scale in attributes",
            ),
            (
                "Non-zero status code returned while running MatMul node. Name:'' Status Message: matmul_helper.h:64 \
                 Compute MatMul dimension mismatch",
                "MatMul: matmul_helper.h:64 Compute MatMul dimension mismatch",
            ),
            (
                "Could not find an implementation for Abs(1) node with name ''",
                "Could not find an implementation for Abs(1) node with name ''",
            ),
            (
                "Exception during initialization: /onnxruntime_src/onnxruntime/core/providers/cpu/text/string_normalizer.cc:235 \
                 onnxruntime::StringNormalizer::Locale::Locale(const std::string&)::<lambda()> Failed to construct locale",
                "Failed to construct locale",
            ),
            ("", ""),
        ];
        for (raw, expected) in cases {
            assert_eq!(short(raw), expected);
        }
        assert!(short(&"é".repeat(9999)).chars().count() <= 401);
    }
}
