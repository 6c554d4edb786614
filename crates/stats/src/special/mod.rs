//! Special functions and distribution tails that the tests need, accurate in the far tail.
//!
//! Tolerance: 1e-12 relative against SciPy over the golden grid, unless a function says otherwise.

mod beta;
mod gamma;
mod kolmogorov;
mod normal;
mod rates;

pub use beta::{
    binomial_mass, binomial_tail, f_upper, hypergeometric_ln_mass, hypergeometric_tail, incomplete_beta,
    student_t_upper,
};
pub use gamma::{
    chi_squared_upper, incomplete_gamma_lower, incomplete_gamma_upper, ln_beta, ln_choose, ln_gamma,
};
pub use kolmogorov::{kolmogorov_limit_upper, kolmogorov_one_sided_upper, kolmogorov_upper};
pub use normal::{normal_quantile, normal_upper};
pub use rates::{VaryingRate, ln_binomial_tail};
