//! Tests that each service passes. A service's tests declare those of one suite with its macro, for
//! instance `test_support::shell_tests!(crate::PROGRAM)`.

/// Defines the macro `$macro_name`, which declares a `#[test]` for each listed function of this module.
///
/// The functions are private and take a `&Program`, so the compiler reports one that is not listed as
/// dead code. The first argument is a `$`, which the inner macro cannot write by itself.
macro_rules! suite {
    ($dollar:tt $macro_name:ident, $module:ident: $($test:ident),+ $(,)?) => {
        /// Declares the tests of this suite for a [`Program`](crate::program::Program) constant, given
        /// by its path from the crate's root.
        #[macro_export]
        macro_rules! $macro_name {
            ($dollar program:expr) => {
                mod $module {
                    $(
                        #[test]
                        fn $test() {
                            $crate::suites::$module::tests::$test(&$dollar program);
                        }
                    )+
                }
            };
        }

        /// The tests, for the macro.
        #[doc(hidden)]
        pub mod tests {
            $(
                pub fn $test(program: &crate::program::Program) {
                    super::$test(program);
                }
            )+
        }
    };
}

pub mod bodies;
pub mod losses;
pub mod options;
pub mod outages;
pub mod shell;
pub mod telemetry;
pub mod variables;
