//! Sales knowledge over the inference floor: a bundle in, answers out.
