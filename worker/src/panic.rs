//! What a panic leaves behind: its place, never its message, and a fresh start for the next request.

use std::sync::Once;

use worker::console_error;
use worker::js_sys::{self, Reflect};
use worker::wasm_bindgen::JsValue;

/// Replaces the panic hook of the `worker` crate, which prints messages.
///
/// A message may quote the text it stumbled over (slicing inside a character does), and conversation text is
/// never logged. As that hook did, this one tells the shim of `worker-build` to start a new instance.
pub(crate) fn keep_messages_private() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            console_error!("{}", serde_json::json!({ "event": "panic", "place": place }));
            let state = Reflect::get(&js_sys::global(), &JsValue::from_str("__worker_init_state"));
            if let Ok(state) = state {
                let _ = Reflect::set(&state, &JsValue::from_str("criticalError"), &JsValue::TRUE);
            }
        }));
    });
}
