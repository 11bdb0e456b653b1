// SPDX-License-Identifier: Apache-2.0
//
// The text form of schedules (`--schedule=FILE`).
//
//   mpt.schedule v1 name=1f1b ranks=2 stages=2 mb=2 slices=1
//   place 0:0 1:1
//   rank 0: F0.0 F0.1 B0.0 B0.1 | TIE0 RS0 NORM0 SYNC OPT0
//   rank 1: WGT1 | F1.0 B1.0 F1.1 B1.1 | TIE0 RS1 NORM1 SYNC OPT1
//
// Bars part prologue, loop and epilogue. With one bar the first part is the
// prologue if it holds nothing but WGT and AG, else the loop. `#` starts a
// comment; hooks follow their action in braces: `B0.7{RS0.3@12 RF0.8@2}`.
#ifndef MPT_ANALYSIS_SCHEDULE_TEXT_H
#define MPT_ANALYSIS_SCHEDULE_TEXT_H

#include "mpt/Analysis/Schedule/Schedule.h"

namespace mpt::schedule {

/// Parses a whole file; stops at the first error, which says what was expected
/// and what was found at which line and column.
Result<Schedule> parseSchedule(std::string_view text);

/// The canonical text; parsing it gives an equal schedule.
std::string printSchedule(const Schedule &schedule);

} // namespace mpt::schedule

#endif // MPT_ANALYSIS_SCHEDULE_TEXT_H
