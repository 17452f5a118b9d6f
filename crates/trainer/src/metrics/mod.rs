//! How good predictions are: scores, calibration, and how sure one can be of them.
//!
//! Everything takes the true classes and the predicted probabilities of the same moments, in
//! order. The figures agree with scikit-learn's on the same input (see the tests).

mod binary;
mod bootstrap;
mod calibration;
mod confusion;
mod label;
mod neighbours;
mod ranking;
mod score;

pub use binary::{
    CalibrationBin, brier_skill, calibration_bins, calibration_error, squared_error, surprise, wilson,
};
pub use bootstrap::{Bootstrap, Interval};
pub use calibration::{ReliabilityBin, expected_calibration_error, reliability};
pub use confusion::{ClassScore, ConfusionMatrix};
pub use label::{WeightedRanking, precision_recall_f1};
pub use neighbours::{Labelled, nearest_labels, silhouettes};
pub use ranking::{Operating, Ranking, average_precision};
pub use score::{Scored, accuracy, balanced_accuracy, brier, log_loss, macro_f1, roc_auc, top_k_accuracy};
