use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::session::builder::SessionBuilder;

use crate::message;

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
pub(crate) fn choose(environment: &Environment, wanted: &[String]) -> (Vec<Provider>, Vec<String>) {
    let (mut works, mut notes) = (Vec::new(), Vec::new());
    for name in wanted {
        let known = name.trim().to_ascii_lowercase();
        let tried = match known.as_str() {
            // Providers after it would never be used.
            "cpu" => break,
            "cuda" => attempt(environment, "cuda", ep::CUDA::default()),
            "tensorrt" => attempt(environment, "tensorrt", ep::TensorRT::default()),
            "webgpu" => attempt(environment, "webgpu", ep::WebGPU::default()),
            _ => Err("altlas does not know it (known: cpu, cuda, tensorrt, webgpu)".to_owned()),
        };
        match tried {
            Ok(provider) => works.push(provider),
            Err(reason) => notes.push(format!("provider {name} is not in use: {reason}")),
        }
    }
    (works, notes)
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
