mod common;
use altlas_proto::*;
use common::{Place, model};
use altlas_onnx::proto::*;
use prost::Message as _;
use std::time::Instant;
fn rss(pid: u32) -> u64 { let s = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap(); s.lines().find(|l| l.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap() }
fn val(n: &str, r: usize) -> ValueInfoProto { let dim = (0..r).map(|_| Dimension::default()).collect(); ValueInfoProto { name: Some(n.into()), r#type: Some(TypeProto { value: Some(type_proto::Value::Tensor(TensorType { elem_type: Some(1), shape: Some(TensorShapeProto { dim }) })), ..Default::default() }), ..Default::default() } }
fn matmul(n: usize, layers: usize, op: &str) -> Vec<u8> {
    let mut g = GraphProto { name: Some("m".into()), input: vec![val("x", 2)], output: vec![val(&format!("h{layers}"), 2)], ..Default::default() };
    for l in 0..layers {
        let raw: Vec<u8> = (0..n * n).flat_map(|i| (((i * 7 + l) % 1000) as f32 / 1e6).to_le_bytes()).collect();
        g.initializer.push(TensorProto { name: Some(format!("w{l}")), data_type: Some(1), dims: vec![n as i64, n as i64], raw_data: Some(raw), ..Default::default() });
        let i = if l == 0 { "x".to_owned() } else { format!("h{l}") };
        g.node.push(NodeProto { input: vec![i, format!("w{l}")], output: vec![format!("h{}", l + 1)], op_type: Some(op.into()), ..Default::default() });
    }
    ModelProto { ir_version: Some(8), opset_import: vec![OperatorSetIdProto { domain: Some("".into()), version: Some(17) }], graph: Some(g), ..Default::default() }.encode_to_vec()
}
#[test]
fn measure() {
    let place = Place::with_runtime(&["--memory-budget", "4000000000"]).unwrap();
    let mut c = place.connect();
    let base = rss(place.pid());
    println!("base {base} kB");
    let s = c.upload(&model::scale(1.0, 0));
    c.run(&s, &[model::features(1.0)]).unwrap();
    println!("small: +{} kB", rss(place.pid()) - base);
    let b = rss(place.pid());
    for k in 0..20 { let s = c.upload(&model::scale(k as f32 + 2.0, 0)); c.run(&s, &[model::features(1.0)]).unwrap(); }
    println!("20 small: +{} kB", rss(place.pid()) - b);
    for (n, l, op) in [(1024, 12, "MatMul"), (2048, 6, "Gemm"), (512, 40, "MatMul")] {
        let b = rss(place.pid());
        let bytes = matmul(n, l, op);
        let name = c.upload(&bytes);
        c.run(&name, &[Tensor::f32("x", &[1, n], &vec![1.0; n])]).unwrap();
        let a = rss(place.pid());
        println!("{op} {n}x{l}: file {} kB, +{} kB, ratio {:.2}", bytes.len() / 1024, a - b, (a as f64 - b as f64) / (bytes.len() as f64 / 1024.0));
    }
    if let Ok(files) = std::env::var("MODELS") { for f in files.split(':') {
        let bytes = std::fs::read(f).unwrap(); let b = rss(place.pid()); let name = c.upload(&bytes);
        let r = c.ask(&Request::Describe { model: name }, &[]).0;
        if !matches!(r, Reply::Signature(_)) { println!("{r:?}"); }
        let a = rss(place.pid());
        println!("{f}: file {} kB, +{} kB, ratio {:.2}", bytes.len() / 1024, a as i64 - b as i64, (a as f64 - b as f64) / (bytes.len() as f64 / 1024.0));
    } }
    let t = Instant::now();
    for _ in 0..5000 { c.status(); }
    println!("status {:?}", t.elapsed() / 5000);
    let t = Instant::now();
    for _ in 0..5000 { c.run(&s, &[model::features(1.0)]).unwrap(); }
    println!("run {:?}", t.elapsed() / 5000);
}
