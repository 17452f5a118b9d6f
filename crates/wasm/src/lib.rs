//! Rapport for JavaScript: the registry's checks and the engine, each method one delegation.
//!
//! Values cross as plain objects with the prediction API's field names. Errors cross as `Error` objects with
//! `code` (a stable word), `message`, and `field` where a part of the input is wrong.

mod engine;
mod error;
mod manifest;
mod value;

pub use engine::Engine;
pub use manifest::VerifiedManifest;

use wasm_bindgen::prelude::wasm_bindgen;

/// Sends the message of a panic to the console, where it can be read.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// What the encoder's products run on in this engine: `wasm-relaxed` where relaxed SIMD is built in and exact, else
/// `wasm-simd128`.
#[wasm_bindgen(js_name = encoderKernel)]
pub fn encoder_kernel() -> String {
    rapport_inference::encoder_kernel().to_owned()
}
