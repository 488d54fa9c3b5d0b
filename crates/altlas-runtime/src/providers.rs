use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::session::builder::SessionBuilder;

use crate::{RuntimeError, message};

/// The names that can be asked for.
const KNOWN: [&str; 4] = ["cpu", "cuda", "tensorrt", "webgpu"];

/// Which of the providers in force a model uses, in order of preference; before the processor, which is always the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection(Vec<usize>);

impl Selection {
    /// Those of `wanted` that are among `works`; all of them when nothing is wanted.
    pub(crate) fn new(works: &[Provider], wanted: &[String]) -> Result<Self, RuntimeError> {
        if wanted.is_empty() {
            return Ok(Self((0..works.len()).collect()));
        }
        let mut chosen = Vec::new();
        for name in wanted {
            let known = name.trim().to_ascii_lowercase();
            if !KNOWN.contains(&known.as_str()) {
                return Err(RuntimeError::UnknownProvider { name: name.clone() });
            }
            if known == "cpu" {
                break;
            }
            let at = works.iter().position(|provider| provider.name == known);
            chosen.extend(at.filter(|at| !chosen.contains(at)));
        }
        Ok(Self(chosen))
    }

    /// The providers meant.
    pub(crate) fn of<'a>(&self, works: &'a [Provider]) -> impl Iterator<Item = &'a Provider> {
        self.0.iter().filter_map(|at| works.get(*at))
    }

    /// Whether the processor does everything.
    pub(crate) fn is_processor(&self) -> bool {
        self.0.is_empty()
    }
}

/// An execution provider that works, and by which name it was asked for.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    dispatch: ExecutionProviderDispatch,
}

impl Provider {
    pub(crate) fn register(&self, builder: &mut SessionBuilder) -> ort::Result<()> {
        self.dispatch.register(builder)
    }
}

/// Tries the providers in order on an empty session. The processor is no provider here: the runtime always has it.
/// `device_memory` bounds what each model's arena takes on a CUDA device, in bytes; 0 does not.
pub(crate) fn choose(
    environment: &Environment,
    wanted: &[String],
    device_memory: usize,
) -> (Vec<Provider>, Vec<String>) {
    let (mut works, mut notes) = (Vec::new(), Vec::new());
    for name in wanted {
        let known = name.trim().to_ascii_lowercase();
        let tried = match known.as_str() {
            // Providers after it would never be used.
            "cpu" => break,
            "cuda" => attempt(environment, "cuda", cuda(device_memory)),
            "tensorrt" => attempt(environment, "tensorrt", ep::TensorRT::default()),
            "webgpu" => attempt(environment, "webgpu", ep::WebGPU::default()),
            _ => Err(format!("altlas does not know it (known: {})", KNOWN.join(", "))),
        };
        match tried {
            Ok(provider) => works.push(provider),
            Err(reason) => notes.push(format!("provider {name} is not in use: {reason}")),
        }
    }
    (works, notes)
}

fn cuda(memory: usize) -> ep::CUDA {
    let cuda = ep::CUDA::default();
    match memory {
        0 => cuda,
        // The arena would double itself, and so miss the limit by half of it.
        limit => {
            cuda.with_memory_limit(limit).with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested)
        }
    }
}

fn attempt<P>(environment: &Environment, name: &'static str, provider: P) -> Result<Provider, String>
where
    P: ExecutionProvider + Into<ExecutionProviderDispatch>,
{
    if !P::is_available().unwrap_or(false) {
        return Err("this build of ONNX Runtime does not have it".to_owned());
    }
    let dispatch: ExecutionProviderDispatch = provider.into();
    // Registration loads the provider's libraries and looks for its device.
    let registered = SessionBuilder::new(environment).and_then(|mut builder| dispatch.register(&mut builder));
    registered.map_err(|e| message::short(e.message()))?;
    Ok(Provider { name, dispatch })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn works() -> Vec<Provider> {
        let provider = |name| Provider { name, dispatch: ep::CPU::default().into() };
        vec![provider("tensorrt"), provider("cuda")]
    }

    fn chosen(wanted: &[&str]) -> Result<Vec<&'static str>, RuntimeError> {
        let works = works();
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        Selection::new(&works, &wanted).map(|chosen| chosen.of(&works).map(|p| p.name).collect())
    }

    #[test]
    fn a_model_may_narrow_and_reorder_the_providers_in_force() {
        assert_eq!(chosen(&[]).unwrap(), ["tensorrt", "cuda"]);
        assert_eq!(chosen(&["cuda", "tensorrt", "cuda"]).unwrap(), ["cuda", "tensorrt"]);
        assert_eq!(chosen(&["CUDA", "cpu", "tensorrt"]).unwrap(), ["cuda"]);
        assert_eq!(chosen(&["webgpu"]).unwrap(), [""; 0], "not in force: the processor");
        assert_eq!(chosen(&["cpu"]).unwrap(), [""; 0]);
        assert_eq!(chosen(&["gpu"]), Err(RuntimeError::UnknownProvider { name: "gpu".into() }));
    }
}
