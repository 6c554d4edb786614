//! Safe callables of the gradient-boosting libraries. Their boosters rebuild from a buffer in native code.

use super::{CLASSES, Safe, safe};

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static SAFE: &[Safe] = &[
    safe("xgboost", "xgboost.core", &["Booster"]),
    safe("xgboost", "xgboost", &["Booster"]),
    safe("xgboost", "xgboost.sklearn", &[CLASSES]),
    safe("xgboost", "xgboost.callback", &["EarlyStopping", "EvaluationMonitor", "LearningRateScheduler"]),
    safe("lightgbm", "lightgbm.basic", &["Booster"]),
    safe("lightgbm", "lightgbm", &["Booster"]),
    safe("lightgbm", "lightgbm.compat", &[CLASSES]),
    safe("lightgbm", "lightgbm.sklearn", &[CLASSES]),
    safe("catboost", "catboost.core", &["CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor"]),
    safe("catboost", "catboost", &["CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor"]),
    safe("catboost", "_catboost", &["_CatBoost"]),
    safe("ngboost", "ngboost", &[CLASSES]),
];
