use super::builder::Builder;
use super::node::Node;
use super::value::{Data, Kind, Row, Tensor, Value, broadcast};
use crate::ScoreError;
use crate::flat::Bank;
use crate::ops::{BinaryKind, Compare, CompareKind, Op, Predicate, PredicateKind, Select, Unary, UnaryKind};

pub(super) fn node(b: &mut Builder, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    let row = match node.operator() {
        "Abs" => unary(b, node, UnaryKind::Abs)?,
        "Ceil" => unary(b, node, UnaryKind::Ceil)?,
        "Exp" => unary(b, node, UnaryKind::Exp)?,
        "Floor" => unary(b, node, UnaryKind::Floor)?,
        "Log" => unary(b, node, UnaryKind::Log)?,
        "Neg" => unary(b, node, UnaryKind::Neg)?,
        "Reciprocal" => unary(b, node, UnaryKind::Reciprocal)?,
        "Relu" => unary(b, node, UnaryKind::Relu)?,
        "Sigmoid" => unary(b, node, UnaryKind::Sigmoid)?,
        "Sign" => unary(b, node, UnaryKind::Sign)?,
        "Softplus" => unary(b, node, UnaryKind::Softplus)?,
        "Sqrt" => unary(b, node, UnaryKind::Sqrt)?,
        "Tanh" => unary(b, node, UnaryKind::Tanh)?,
        "Add" | "Sum" => many(b, node, BinaryKind::Add)?,
        "Sub" => many(b, node, BinaryKind::Sub)?,
        "Mul" => many(b, node, BinaryKind::Mul)?,
        "Div" => many(b, node, BinaryKind::Div)?,
        "Max" => many(b, node, BinaryKind::Max)?,
        "Min" => many(b, node, BinaryKind::Min)?,
        "Mean" => {
            let sum = many(b, node, BinaryKind::Add)?;
            let count = b.scalar(sum.kind, node.inputs.len() as f64)?;
            b.binary(BinaryKind::Div, &sum, &count)?
        }
        "Pow" => {
            let base = b.place(node.value(0)?)?;
            let exponent = b.place(node.value(1)?)?;
            let exponent = b.cast(&exponent, base.kind)?;
            if base.kind.bank() == Bank::I {
                return node.refuse("whole numbers");
            }
            b.binary(BinaryKind::Pow, &base, &exponent)?
        }
        "Clip" => clip(b, node)?,
        "Equal" => compare(b, node, CompareKind::Equal)?,
        "Greater" => compare(b, node, CompareKind::Greater)?,
        "GreaterOrEqual" => compare(b, node, CompareKind::GreaterOrEqual)?,
        "Less" => compare(b, node, CompareKind::Less)?,
        "LessOrEqual" => compare(b, node, CompareKind::LessOrEqual)?,
        "And" => compare(b, node, CompareKind::And)?,
        "Or" => compare(b, node, CompareKind::Or)?,
        "Xor" => compare(b, node, CompareKind::Xor)?,
        "Not" => ask(b, node.row(0)?, PredicateKind::Zero)?,
        "IsNaN" => ask(b, node.row(0)?, PredicateKind::Missing)?,
        "IsInf" if node.int("detect_negative") == Some(0) || node.int("detect_positive") == Some(0) => {
            return node.refuse("one sign");
        }
        "IsInf" => ask(b, node.row(0)?, PredicateKind::Infinite)?,
        "Where" => choose(b, node.row(0)?, node.value(1)?, node.value(2)?)?,
        "Cast" => return cast(b, node).map(|value| Some(vec![value])),
        _ => return Ok(None),
    };
    Ok(Some(vec![Value::Row(row)]))
}

fn number(node: &Node, row: &Row) -> Result<(), ScoreError> {
    if row.kind == Kind::Text { node.refuse("texts") } else { Ok(()) }
}

fn unary(b: &mut Builder, node: &Node, kind: UnaryKind) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    number(node, &x)?;
    let whole = matches!(kind, UnaryKind::Abs | UnaryKind::Neg | UnaryKind::Sign | UnaryKind::Relu);
    if x.kind.bank() == Bank::I && !whole {
        return node.refuse("whole numbers");
    }
    let out = b.row(x.kind, x.shape)?;
    b.op(&Op::Unary(Unary { kind, bank: x.kind.bank(), x: x.reg, out: out.reg }))?;
    Ok(out)
}

fn many(b: &mut Builder, node: &Node, kind: BinaryKind) -> Result<Row, ScoreError> {
    let mut result = b.place(node.value(0)?)?;
    number(node, &result)?;
    for n in 1..node.inputs.len() {
        let next = b.place(node.value(n)?)?;
        if next.kind != result.kind || result.kind == Kind::I32 {
            return node.refuse("operands of these types");
        }
        result = b.binary(kind, &result, &next)?;
    }
    Ok(result)
}

fn clip(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let mut x = node.row(0)?.clone();
    number(node, &x)?;
    let ends =
        [(1, "min", BinaryKind::Max, f32::MIN, f64::MIN), (2, "max", BinaryKind::Min, f32::MAX, f64::MAX)];
    for (n, name, kind, single, double) in ends {
        // A bound that is not given is the last finite number.
        let bound = match (node.input(n), node.float(name), x.kind) {
            (Some(value), ..) => b.place(value)?,
            (None, Some(value), _) => b.scalar(x.kind, f64::from(value))?,
            (None, None, Kind::F32) => b.scalar(x.kind, f64::from(single))?,
            (None, None, Kind::F64) => b.scalar(x.kind, double)?,
            (None, None, _) => continue,
        };
        if bound.kind != x.kind || bound.reg.len != 1 {
            return node.refuse("bounds of another type");
        }
        x = b.binary(kind, &x, &bound)?;
    }
    Ok(x)
}

fn compare(b: &mut Builder, node: &Node, kind: CompareKind) -> Result<Row, ScoreError> {
    let (x, y) = (b.place(node.value(0)?)?, b.place(node.value(1)?)?);
    if x.kind != y.kind {
        return node.refuse("operands of different types");
    }
    // Two texts that the graph does not know have the same number.
    if x.open && y.open {
        return node.refuse("two texts of the row");
    }
    compare_rows(b, kind, &x, &y)
}

pub(super) fn compare_rows(b: &mut Builder, kind: CompareKind, x: &Row, y: &Row) -> Result<Row, ScoreError> {
    let shape = broadcast(&x.shape, &y.shape)?;
    let (x_reg, y_reg) = (b.spread(x, &shape)?, b.spread(y, &shape)?);
    let out = b.row(Kind::Bool, shape)?;
    let bank = x.kind.bank();
    b.op(&Op::Compare(Compare { kind, bank, a: x_reg, b: y_reg, out: out.reg }))?;
    Ok(out)
}

pub(super) fn ask(b: &mut Builder, x: &Row, kind: PredicateKind) -> Result<Row, ScoreError> {
    let out = b.row(Kind::Bool, x.shape.clone())?;
    b.op(&Op::Predicate(Predicate { kind, bank: x.kind.bank(), x: x.reg, out: out.reg }))?;
    Ok(out)
}

pub(super) fn choose(b: &mut Builder, condition: &Row, yes: &Value, no: &Value) -> Result<Row, ScoreError> {
    let (yes, no) = (b.place(yes)?, b.place(no)?);
    if yes.kind != no.kind {
        return super::unsupported("Where with operands of different types");
    }
    let shape = broadcast(&broadcast(&condition.shape, &yes.shape)?, &no.shape)?;
    let condition = b.spread(condition, &shape)?;
    let (a, c) = (b.spread(&yes, &shape)?, b.spread(&no, &shape)?);
    let out = b.row(yes.kind, shape)?;
    b.op(&Op::Select(Select { bank: yes.kind.bank(), condition, a, b: c, out: out.reg }))?;
    Ok(Row { open: yes.open || no.open, ..out })
}

fn cast(b: &mut Builder, node: &Node) -> Result<Value, ScoreError> {
    let kind = Kind::of(node.int("to").unwrap_or_default() as i32)?;
    match node.value(0)? {
        Value::Row(row) => Ok(Value::Row(b.cast(row, kind)?)),
        Value::Shape(shape) if kind == Kind::I64 => Ok(Value::Shape(shape.clone())),
        Value::Const(tensor) => convert(tensor, kind).map(Value::Const),
        Value::Shape(_) => node.refuse("the number of rows"),
    }
}

/// A constant as another type.
pub(super) fn convert(tensor: &Tensor, kind: Kind) -> Result<Tensor, ScoreError> {
    if tensor.kind == kind {
        return Ok(tensor.clone());
    }
    let ints: Option<Vec<i64>> = match &tensor.data {
        Data::I(values) => Some(values.clone()),
        Data::F(values) => Some(values.iter().map(|x| *x as i64).collect()),
        Data::D(values) => Some(values.iter().map(|x| *x as i64).collect()),
        Data::Text(_) => None,
    };
    let (Some(ints), Some(floats)) = (ints, tensor.to_f64()) else {
        return super::unsupported("a conversion between texts and numbers");
    };
    let data = match kind {
        Kind::F32 => Data::F(floats.iter().map(|x| *x as f32).collect()),
        Kind::F64 => Data::D(floats),
        Kind::I64 => Data::I(ints),
        Kind::I32 => Data::I(ints.iter().map(|x| i64::from(*x as i32)).collect()),
        Kind::Bool => Data::I(floats.iter().map(|x| i64::from(*x != 0.0)).collect()),
        Kind::Text => return super::unsupported("a conversion between texts and numbers"),
    };
    Ok(Tensor { kind, sizes: tensor.sizes.clone(), data })
}
