use std::sync::{Arc, Mutex, PoisonError};

use ort::session::RunOptions;

use crate::RuntimeError;

/// Ends the calls it was given to, from any thread. Clones are one handle.
///
/// The runtime looks at it between the nodes of a graph, so a call ends after the node it is in. A stopped handle
/// stays stopped: calls that it is given to later end at once.
#[derive(Clone, Default)]
pub struct StopHandle(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stopped: bool,
    running: Vec<Arc<RunOptions>>,
}

impl StopHandle {
    /// A handle that is not stopped.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the calls.
    pub fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        for options in &state.running {
            // It sets a flag, and fails for null pointers only.
            let _ = options.terminate();
        }
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Has `options` terminated when the handle is stopped, as long as the result lives.
    pub(crate) fn watch(&self, options: &Arc<RunOptions>) -> Result<Watch<'_>, RuntimeError> {
        let mut state = self.state();
        if state.stopped {
            return Err(RuntimeError::Stopped);
        }
        state.running.push(Arc::clone(options));
        Ok(Watch { handle: self, options: Arc::clone(options) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for StopHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StopHandle").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

/// See [`StopHandle::watch`].
pub(crate) struct Watch<'h> {
    handle: &'h StopHandle,
    options: Arc<RunOptions>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.handle.state().running.retain(|options| !Arc::ptr_eq(options, &self.options));
    }
}
