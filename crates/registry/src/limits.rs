//! What is too much.

/// Bounds on what is read. The defaults suit a browser tab and a Worker isolate of 128 MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of `registry.json`.
    pub manifest_bytes: usize,
    /// Artifacts in a manifest.
    pub artifacts: usize,
    /// Bundles in a manifest.
    pub bundles: usize,
    /// Aliases in a manifest.
    pub aliases: usize,
    /// Signatures on a manifest.
    pub signatures: usize,
    /// Bytes of one artifact.
    pub artifact_bytes: u64,
    /// Bytes of all artifacts of one bundle together.
    pub bundle_bytes: u64,
    /// Seconds after its expiry during which a manifest is still answered from, with a warning.
    pub expiry_grace_seconds: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            manifest_bytes: 1 << 20,
            artifacts: 1024,
            bundles: 128,
            aliases: 32,
            signatures: 8,
            artifact_bytes: 64 << 20,
            bundle_bytes: 96 << 20,
            expiry_grace_seconds: 30 * 86_400,
        }
    }
}
