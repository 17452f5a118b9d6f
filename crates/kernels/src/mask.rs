//! Which tokens of a sequence are real.

/// Which tokens of a sequence count; the others are padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask<'a> {
    /// All tokens.
    All,
    /// The first tokens of this number.
    First(usize),
    /// One flag for each token.
    Tokens(&'a [bool]),
}

impl Mask<'_> {
    /// Panics unless the mask fits a sequence of this many tokens.
    pub(crate) fn check(self, tokens: usize) {
        match self {
            Self::All => {}
            Self::First(count) => {
                assert!(count <= tokens, "{count} of {tokens} tokens are masked in");
            }
            Self::Tokens(flags) => {
                assert!(flags.len() == tokens, "{} flags for {tokens} tokens", flags.len());
            }
        }
    }

    /// The positions of the tokens that count.
    pub(crate) fn positions(self, tokens: usize) -> impl Iterator<Item = usize> {
        (0..tokens).filter(move |&token| match self {
            Self::All => true,
            Self::First(count) => token < count,
            Self::Tokens(flags) => flags[token],
        })
    }
}
