//! Test suites that every service must pass. Each suite has a macro that declares its tests in the test
//! binary of a service: `test_support::shell_tests!(crate::PROGRAM)` declares all tests of the suite
//! `shell`, and `test_support::shell_tests!(crate::PROGRAM, only live_is_200_while_the_process_runs)`
//! declares one test of the suite.

/// Defines the macro `$macro_name`, which declares a `#[test]` for each function in the list of arguments.
///
/// The functions are private and have a parameter `&Program`. If the list of arguments omits a private
/// function, the compiler reports the function as dead code. The first argument must be `$`: the definition
/// of the inner macro needs this token as an argument.
macro_rules! suite {
    ($dollar:tt $macro_name:ident, $module:ident: $($test:ident),+ $(,)?) => {
        /// Declares all tests of this suite, or only the listed tests, for a
        /// [`Program`](crate::program::Program) constant. The constant is given by its path from the root
        /// of the crate.
        #[macro_export]
        macro_rules! $macro_name {
            ($dollar program:expr) => {
                $crate::$macro_name!($dollar program, only $($test),+);
            };
            ($dollar program:expr, only $dollar($dollar test:ident),+ $dollar(,)?) => {
                mod $module {
                    $dollar(
                        #[test]
                        fn $dollar test() {
                            $crate::suites::$module::tests::$dollar test(&$dollar program);
                        }
                    )+
                }
            };
        }

        /// The public functions that the macro calls.
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
pub mod endless_bodies;
pub mod hostile;
pub mod losses;
pub mod options;
pub mod outages;
pub mod shell;
pub mod telemetry;
pub mod variables;
