// SPDX-License-Identifier: Apache-2.0
// One table of flags serves parsing, messages and help.
#include "exec/CommandLine.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace mptrt {

namespace {

enum class Kind { Any, Training, Inference };

/// Sets the option; false: `expected` is not what the value is.
using Setter = bool (*)(Options &options, const std::string &value);

struct Flag {
  const char *name;
  const char *value; // how help spells it; null: takes none
  const char *expected;
  Kind kind;
  Setter set;
  const char *help;
};

bool parseNumber(const std::string &text, double *out) {
  char *end = nullptr;
  errno = 0;
  *out = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && errno == 0 && std::isfinite(*out);
}

bool parseCount(const std::string &text, int64_t *out) {
  char *end = nullptr;
  errno = 0;
  *out = std::strtoll(text.c_str(), &end, 10);
  return !text.empty() && *end == '\0' && errno == 0 && *out >= 0;
}

bool setCount(std::optional<int64_t> &to, const std::string &text,
              int64_t least) {
  int64_t value = 0;
  if (!parseCount(text, &value) || value < least)
    return false;
  to = value;
  return true;
}

bool setSeconds(double &to, const std::string &text) {
  std::string digits = text;
  if (!digits.empty() && digits.back() == 's')
    digits.pop_back();
  return parseNumber(digits, &to) && to > 0;
}

bool setText(std::string &to, const std::string &text) {
  to = text;
  return !text.empty();
}

bool setSeed(Options &options, const std::string &text) {
  int64_t seed = 0;
  if (!parseCount(text, &seed))
    return false;
  options.shuffle = static_cast<uint64_t>(seed);
  return true;
}

using O = Options;
using S = std::string;

const Flag flags[] = {
    {"data", "FILE", "a file name", Kind::Any,
     [](O &o, const S &v) { return setText(o.data, v); },
     ".npz or .npy; one array per input, [steps, batch, ...] or [samples, "
     "...]; or raw tokens"},
    {"tokens", "TYPE", "'u8', 'u16' or 'u32'", Kind::Any,
     [](O &o, const S &v) {
       o.tokens = v;
       return v == "u8" || v == "u16" || v == "u32";
     },
     "what a raw --data file holds; default: as its name ends, .u8, .u16, "
     ".u32"},
    {"steps", "N", "a number of at least 0", Kind::Any,
     [](O &o, const S &v) { return setCount(o.steps, v, 0); },
     "default: all that the data holds"},
    {"shuffle", "SEED", "a number of at least 0", Kind::Any, setSeed,
     "permute the samples of the file"},
    {"eval-data", "FILE", "a file name", Kind::Training,
     [](O &o, const S &v) { return setText(o.evalData, v); },
     "as --data: also report the loss of this, which changes nothing"},
    {"eval-every", "N", "a number of at least 1", Kind::Training,
     [](O &o, const S &v) {
       return parseCount(v, &o.evalEvery) && o.evalEvery > 0;
     },
     "after every N steps and the last; default: after the last"},
    {"lr", "X", "a number", Kind::Training,
     [](O &o, const S &v) { return parseNumber(v, &o.rate) && o.rate >= 0; },
     "learning rate, default 0.001"},
    {"lr-schedule", "KIND", "'constant' or 'cosine'", Kind::Training,
     [](O &o, const S &v) {
       o.cosine = v == "cosine";
       return o.cosine || v == "constant";
     },
     "constant (default) or cosine, which ends at 0"},
    {"warmup", "N", "a number of at least 0", Kind::Training,
     [](O &o, const S &v) { return parseCount(v, &o.warmup); },
     "step i of the first N has lr * (i + 1) / N"},
    {"weights", "FILE", "a file or a directory", Kind::Any,
     [](O &o, const S &v) { return setText(o.weights, v); },
     "safetensors file, or a directory of them, to begin with instead of the "
     "model's own values"},
    {"save", "FILE", "a file name", Kind::Training,
     [](O &o, const S &v) { return setText(o.save, v); },
     "write the weights after the last step: safetensors, or a copy of the "
     "model if the name ends in .onnx"},
    {"save-grads", "FILE", "a file name", Kind::Training,
     [](O &o, const S &v) { return setText(o.saveGrads, v); },
     "write the gradients of step 0, before clipping"},
    {"outputs", "FILE", "a file name that ends in .npz or .npy",
     Kind::Inference,
     [](O &o, const S &v) {
       S end = v.size() > 4 ? v.substr(v.size() - 4) : "";
       return setText(o.outputs, v) && (end == ".npz" || end == ".npy");
     },
     ".npz, or .npy for a program of one output: [steps * batch, ...]"},
    {"comm", "NAME", "a name", Kind::Any,
     [](O &o, const S &v) { return setText(o.communicator, v); },
     "how ranks are started and talk: threads (default) or processes"},
    {"threads", "N", "a number of at least 1", Kind::Any,
     [](O &o, const S &v) { return setCount(o.threads, v, 1); },
     "of each rank; default: the cores, shared by the ranks"},
    {"timeout-init", "S", "seconds", Kind::Any,
     [](O &o, const S &v) { return setSeconds(o.timeoutInit, v); },
     "longest wait for a peer before the first step, default 300"},
    {"timeout-step", "S", "seconds", Kind::Any,
     [](O &o, const S &v) { return setSeconds(o.timeoutStep, v); },
     "longest wait for a peer in a step, default 100"},
    {"max-seconds", "S", "seconds", Kind::Any,
     [](O &o, const S &v) { return setSeconds(o.maxSeconds, v); },
     "stop after the step in which this time is over"},
    {"log", "DIR", "a directory", Kind::Any,
     [](O &o, const S &v) { return setText(o.log, v); },
     "write rank-N.jsonl: loss, grad_norm, lr, times, messages of every step"},
    {"trace", "FILE", "a file name", Kind::Any,
     [](O &o, const S &v) { return setText(o.trace, v); },
     "write Chrome trace events of all ranks"},
    {"inspect", nullptr, "", Kind::Any,
     [](O &o, const S &) { return o.inspect = true; },
     "print the program as JSON and end"},
    {"dry-run", nullptr, "", Kind::Any,
     [](O &o, const S &) { return o.dryRun = true; },
     "start all ranks, check files and peers, run no step"},
    {"help", nullptr, "", Kind::Any,
     [](O &o, const S &) { return o.help = true; }, "print this"},
};

/// Edits between two names.
size_t distance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t changed = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

Status unknownFlag(const std::string &name) {
  const Flag *nearest = std::min_element(
      std::begin(flags), std::end(flags), [&](const Flag &a, const Flag &b) {
        return distance(name, a.name) < distance(name, b.name);
      });
  return makeStatus(Code::Usage,
                    "unknown flag '--%s'; did you mean '--%s'? (--help lists "
                    "all)",
                    name.c_str(), nearest->name);
}

bool belongs(const Flag &flag, const Program &program) {
  return flag.kind == Kind::Any ||
         (flag.kind == Kind::Training) == program.trains();
}

Status setFlag(const Program &program, const Flag &flag,
               const std::string &value, Options *options) {
  if (!belongs(flag, program))
    return makeStatus(Code::Usage,
                      "'--%s' is for %s; this program was compiled for %s",
                      flag.name, program.trains() ? "inference" : "training",
                      program.trains() ? "training" : "inference");
  if (flag.set(*options, value))
    return Status();
  return makeStatus(Code::Usage, "'--%s' has value '%s'; expected %s",
                    flag.name, value.c_str(), flag.expected);
}

} // namespace

Status parseCommandLine(const Program &program,
                        const std::vector<std::string> &arguments,
                        Options *out) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string &argument = arguments[i];
    if (argument.compare(0, 2, "--") != 0 || argument.size() == 2)
      return makeStatus(Code::Usage,
                        "unexpected argument '%s'; flags begin with '--' "
                        "(--help lists all)",
                        argument.c_str());
    size_t equals = argument.find('=');
    std::string name = argument.substr(2, equals - 2), value;
    auto flag = std::find_if(std::begin(flags), std::end(flags),
                             [&](const Flag &f) { return name == f.name; });
    if (flag == std::end(flags))
      return unknownFlag(name);
    bool hasValue = equals != std::string::npos;
    if (hasValue)
      value = argument.substr(equals + 1);
    if (!flag->value && hasValue)
      return makeStatus(Code::Usage, "'--%s' takes no value", flag->name);
    if (flag->value && !hasValue) {
      if (i + 1 == arguments.size())
        return makeStatus(Code::Usage, "'--%s' lacks its value; expected %s",
                          flag->name, flag->expected);
      value = arguments[++i];
    }
    MPTRT_TRY(setFlag(program, *flag, value, &options));
  }
  *out = options;
  return Status();
}

std::string helpText(const Program &program) {
  std::string text = formatText(
      "%s: %s program for %d ranks (%s)\n", program.manifest.name.c_str(),
      program.trains() ? "training" : "inference", program.mesh.ranks(),
      program.mesh.text().c_str());
  for (const Flag &flag : flags)
    if (belongs(flag, program))
      text += formatText("  --%-20s %s\n",
                         (std::string(flag.name) +
                          (flag.value ? " " + std::string(flag.value) : ""))
                             .c_str(),
                         flag.help);
  return text;
}

double learningRate(const Options &options, int64_t step, int64_t steps) {
  double rate = options.rate;
  if (options.warmup > 0)
    rate *= std::min(1.0, static_cast<double>(step + 1) /
                              static_cast<double>(options.warmup));
  if (!options.cosine || step < options.warmup)
    return rate;
  double done =
      static_cast<double>(step - options.warmup) /
      static_cast<double>(std::max<int64_t>(1, steps - options.warmup));
  return rate * 0.5 * (1 + std::cos(std::acos(-1.0) * done));
}

} // namespace mptrt
