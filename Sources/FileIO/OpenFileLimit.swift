// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Raises the number of files and sockets that this process may have open to what the system allows it.
///
/// The limit that programs start with, often 1,024, is kept low for those that use `select`.
/// - Returns: The limit that holds now; nil if the system does not tell.
@discardableResult
package func raiseOpenFileLimit() -> Int? {
    var limit = rlimit()
    // Safe (both calls): the system reads or fills a structure of its own type, which outlives the call.
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    var raised = limit
    raised.rlim_cur = limit.rlim_max
    if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    return Int(clamping: limit.rlim_cur)
}
