// SPDX-License-Identifier: Apache-2.0
// The flags of mptc are one table: name, form of the value, help, and what to
// do with a value. Unknown flags are answered with the nearest known one; all
// problems of a command line are reported at once.
#include "mpt/Driver/Options.h"
#include "mlir/IR/Builders.h"
#include "mpt/Driver/Phases.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>

using namespace mlir;
using namespace mlir::mpt;

namespace {
/// Empty: the value is fine; else what is wrong with it.
using Setter = std::function<std::string(Options &, StringRef)>;

struct Flag {
  StringLiteral name;
  StringLiteral value; ///< "" for a switch
  StringLiteral help;
  Setter set;
};
} // namespace

static Setter text(std::string Options::*field) {
  return [field](Options &o, StringRef v) {
    o.*field = v.str();
    return std::string();
  };
}

static Setter turnOn(bool Options::*field) {
  return [field](Options &o, StringRef) {
    o.*field = true;
    return std::string();
  };
}

static Setter list(std::vector<std::string> Options::*field) {
  return [field](Options &o, StringRef v) {
    (o.*field).push_back(v.str());
    return std::string();
  };
}

static Setter regexList(std::vector<std::string> Options::*field) {
  return [field](Options &o, StringRef v) {
    std::string why;
    if (!llvm::Regex(v).isValid(why))
      return "is no regular expression: " + why;
    (o.*field).push_back(v.str());
    return std::string();
  };
}

static Setter oneOf(std::string Options::*field,
                    std::vector<StringRef> allowed) {
  return [field, allowed](Options &o, StringRef v) {
    if (!llvm::is_contained(allowed, v))
      return "expected one of " + llvm::join(allowed, ", ");
    o.*field = v.str();
    return std::string();
  };
}

static Setter refuse(StringRef why) {
  return [why = why.str()](Options &, StringRef) { return why; };
}

static std::string setMesh(Options &o, StringRef v) {
  SmallVector<StringRef> parts;
  v.split(parts, ',', -1, false);
  for (StringRef part : parts) {
    StringRef name = part.split('=').first, sizeText = part.split('=').second;
    int64_t size = 0;
    if (!llvm::is_contained({"pp", "dp", "cp", "tp", "ep"}, name))
      return ("unknown axis '" + name + "'; the axes are pp, dp, cp, tp, ep")
          .str();
    if (sizeText.getAsInteger(10, size) || size < 1)
      return ("axis '" + name + "' needs a positive size, found '" + sizeText +
              "'")
          .str();
    if (llvm::any_of(o.mesh, [&](auto &axis) { return axis.first == name; }))
      return ("axis '" + name + "' stands twice").str();
    if (name == "cp" || name == "ep")
      return ("axis '" + name + "' is not supported yet; use pp, dp and tp")
          .str();
    o.mesh.push_back({name.str(), size});
  }
  return o.mesh.empty() ? "expected axes such as dp=2,tp=2,pp=2" : "";
}

static std::string setCount(Options &o, StringRef v) {
  return v.getAsInteger(10, o.microbatches) || o.microbatches < 1
             ? "expected a positive number"
             : "";
}

static std::string setClip(Options &o, StringRef v) {
  double norm = 0;
  if (v == "none") {
    o.clip.reset();
    return "";
  }
  if (v.getAsDouble(norm) || !(norm > 0))
    return "expected a positive norm or none";
  o.clip = norm;
  return "";
}

static std::string setStages(Options &o, StringRef v) {
  int64_t count = 0;
  if (!v.getAsInteger(10, count)) {
    if (count < 1)
      return "expected a positive number of stages";
    o.stages = count;
    return "";
  }
  SmallVector<StringRef> parts;
  v.split(parts, ',');
  for (StringRef part : parts) {
    std::string why;
    if (part.empty() || !llvm::Regex(part).isValid(why))
      return ("'" + part +
              "' is neither a number of stages nor a regular "
              "expression")
          .str();
    o.stageRegexes.push_back(part.str());
  }
  return "";
}

static std::string setSchedule(Options &o, StringRef v) {
  if (v == "gpipe" || v == "1f1b") {
    o.schedule = v.str();
    return "";
  }
  auto file = llvm::MemoryBuffer::getFile(v, /*IsText=*/true);
  if (!file)
    return "is neither gpipe, 1f1b nor a file that can be read: " +
           file.getError().message();
  o.scheduleFile = v.str();
  o.scheduleText = (*file)->getBuffer().str();
  return "";
}

static std::string setMemory(Options &o, StringRef v) {
  StringRef digits = v.take_while([](char c) { return llvm::isDigit(c); });
  int64_t factor = llvm::StringSwitch<int64_t>(v.drop_front(digits.size()))
                       .Case("", 1)
                       .Case("KiB", int64_t(1) << 10)
                       .Case("MiB", int64_t(1) << 20)
                       .Case("GiB", int64_t(1) << 30)
                       .Default(0);
  int64_t bytes = 0;
  if (factor == 0 || digits.getAsInteger(10, bytes) || bytes < 1 ||
      bytes > INT64_MAX / factor)
    return "expected bytes, with KiB, MiB or GiB if you like";
  o.deviceMemory = bytes * factor;
  return "";
}

static Setter phaseName(std::string Options::*field, size_t usable) {
  return [field, usable](Options &o, StringRef v) {
    ArrayRef<PhaseInfo> phases = getPhases().take_front(usable);
    if (llvm::none_of(phases, [&](auto &p) { return p.name == v; })) {
      std::string names;
      for (const PhaseInfo &p : phases)
        names += (names.empty() ? "" : ", ") + p.name.str();
      return "expected one of " + names;
    }
    o.*field = v.str();
    return std::string();
  };
}

static std::vector<Flag> makeFlags() {
  return {
      {"mesh", "AXIS=N,...",
       "sizes of the axes pp, dp, cp, tp, ep (default: one rank)", setMesh},
      {"microbatches", "COUNT", "micro-batches of one step (default 1)",
       setCount},
      {"loss", "LOSS",
       "'cross_entropy(LOGITS,LABELS){ignore_index=-100}' | 'mse(PRED,TARGET)' "
       "| output:NAME",
       text(&Options::loss)},
      {"optimizer", "OPT",
       "'adamw{betas=[0.9,0.999],eps=1e-8,weight_decay=0.01}' | adam{..} | "
       "'sgd{momentum=0.9}'",
       text(&Options::optimizer)},
      {"decay", "REGEX",
       "parameters with weight decay (default: those of rank 2 and more)",
       text(&Options::decay)},
      {"clip", "NORM", "clip gradients to this global norm (default none)",
       setClip},
      {"bind", "NAME=N",
       "size of a free dim: NAME=N or INPUT:DIM=N; may stand several times",
       list(&Options::bind)},
      {"freeze", "REGEX", "parameters that are not trained",
       regexList(&Options::freeze)},
      {"train", "REGEX",
       "initializers that are trained although they look constant",
       regexList(&Options::train)},
      {"keep-copies", "", "copies of one parameter stay separate",
       turnOn(&Options::keepCopies)},
      {"keep-merged", "", "parameters that an exporter merged stay one",
       turnOn(&Options::keepMerged)},
      {"stages", "N|REGEX,...",
       "number of stages, or where stages begin (default: pp)", setStages},
      {"schedule", "gpipe|1f1b|FILE", "order of micro-batches (default 1f1b)",
       setSchedule},
      {"shard", "REGEX=[{},{tp}]",
       "sharding of parameters, instead of the plan's", list(&Options::shard)},
      {"precision", "f32|f64", "element type of floating point values",
       [](Options &o, StringRef v) {
         if (v == "bf16")
           return std::string("bf16 is not supported yet; use f32 or f64");
         return oneOf(&Options::precision, {"f32", "f64"})(o, v);
       }},
      {"inference", "", "compile @predict only", turnOn(&Options::inference)},
      {"target", "cpu|cuda",
       "where the program runs (cuda: --emit=ptx or cubin only)",
       oneOf(&Options::target, {"cpu", "cuda"})},
      {"emit", "exe|obj|llvm|ptx|cubin", "what to write (default exe)",
       oneOf(&Options::emit, {"exe", "obj", "llvm", "ptx", "cubin"})},
      {"device-memory", "BYTES",
       "memory of one rank; plans that need more are rejected", setMemory},
      {"stop-after", "PHASE", "write the module after this phase",
       phaseName(&Options::stopAfter, 10)},
      {"start-after", "PHASE", "the input is a module after this phase",
       phaseName(&Options::startAfter, 9)},
      {"dump-phases", "DIR", "write NN-<phase>.mlir after every phase",
       text(&Options::dumpPhases)},
      {"check", "", "report all problems of the model, compile nothing",
       turnOn(&Options::check)},
      {"list-params", "", "list the model's parameters, compile nothing",
       turnOn(&Options::listParams)},
      {"explain", "",
       "say what the plan costs: parameters, collectives, memory",
       turnOn(&Options::explain)},
      {"time", "", "print seconds and memory of every phase",
       turnOn(&Options::time)},
      {"sp", "", "sequence parallelism",
       refuse("sequence parallelism is not supported yet; leave the flag out")},
      {"zero", "0..3", "sharded optimizer states",
       [](Options &, StringRef v) {
         return std::string(
             v == "0" ? "" : "ZeRO is not supported yet; use --zero=0");
       }},
      {"help", "", "print this", turnOn(&Options::help)},
      {"version", "", "print the version", turnOn(&Options::version)},
  };
}

static std::string nearest(StringRef name, ArrayRef<Flag> flags) {
  const Flag *best = nullptr;
  unsigned distance = 4;
  for (const Flag &flag : flags) {
    unsigned d = name.edit_distance(flag.name, /*AllowReplacements=*/true, 3);
    if (d < distance) {
      distance = d;
      best = &flag;
    }
  }
  return best ? ("; did you mean --" + best->name + "?").str() : "";
}

/// One `--flag[=value]`; a value may also be the next argument.
static void parseFlag(ArrayRef<const char *> args, size_t &i,
                      ArrayRef<Flag> flags, Options &options,
                      std::vector<std::string> &errors) {
  auto [name, value] = StringRef(args[i]).drop_front(2).split('=');
  bool hasValue = StringRef(args[i]).contains('=');
  const Flag *flag = llvm::find_if(
      flags, [name = name](const Flag &f) { return f.name == name; });
  if (flag == flags.end()) {
    errors.push_back(
        ("unknown flag '--" + name + "'" + nearest(name, flags)).str());
    return;
  }
  if (flag->value.empty() && hasValue) {
    errors.push_back(
        ("--" + name + " takes no value, found '" + value + "'").str());
    return;
  }
  if (!flag->value.empty() && !hasValue) {
    if (i + 1 == args.size()) {
      errors.push_back(
          ("--" + name + " needs a value: --" + name + "=" + flag->value)
              .str());
      return;
    }
    value = args[++i];
  }
  if (std::string why = flag->set(options, value); !why.empty())
    errors.push_back(("--" + name +
                      (flag->value.empty() ? "" : "=" + value.str()) + ": " +
                      why)
                         .str());
}

static void checkTogether(const Options &o, std::vector<std::string> &errors) {
  if (o.help || o.version)
    return;
  if (o.model.empty())
    errors.push_back("no model given; usage: mptc MODEL.onnx -o OUT");
  bool compiles = !o.check && !o.listParams;
  if (compiles && o.output.empty())
    errors.push_back("no output given; add -o OUT");
  if (compiles && !o.inference && o.loss.empty() && o.startAfter.empty() &&
      o.stopAfter != "import")
    errors.push_back(
        "no loss given; add --loss='cross_entropy(LOGITS,LABELS)', "
        "'mse(PRED,TARGET)' or output:NAME, or --inference");
  bool gpuText = o.emit == "ptx" || o.emit == "cubin";
  if (o.target == "cuda" && !gpuText && o.stopAfter.empty() && compiles)
    errors.push_back(
        "--target=cuda writes kernels only for now; add --emit=ptx "
        "or --emit=cubin");
  if (gpuText && o.target != "cuda")
    errors.push_back("--emit=" + o.emit + " needs --target=cuda");
}

bool mpt::parseOptions(ArrayRef<const char *> args, Options &options,
                       std::vector<std::string> &errors) {
  std::vector<Flag> flags = makeFlags();
  for (size_t i = 0; i < args.size(); ++i) {
    StringRef arg = args[i];
    if (arg == "-o") {
      if (i + 1 == args.size())
        errors.push_back("-o needs a file name");
      else
        options.output = args[++i];
    } else if (arg.starts_with("--")) {
      parseFlag(args, i, flags, options, errors);
    } else if (arg.size() > 1 && arg.starts_with("-")) {
      errors.push_back(
          ("unknown flag '" + arg + "'; flags begin with --").str());
    } else if (!options.model.empty()) {
      errors.push_back(
          ("more than one model: '" + options.model + "' and '" + arg + "'")
              .str());
    } else {
      options.model = arg.str();
    }
  }
  checkTogether(options, errors);
  return errors.empty();
}

std::string mpt::getUsage() {
  std::string out;
  llvm::raw_string_ostream os(out);
  os << "usage: mptc MODEL.onnx -o OUT [flags]\n\n";
  for (const Flag &flag : makeFlags()) {
    std::string left = ("--" + flag.name).str();
    if (!flag.value.empty())
      left += "=" + flag.value.str();
    os << "  " << llvm::left_justify(left, 30) << " " << flag.help << "\n";
  }
  return out;
}

DictionaryAttr mpt::getConfig(const Options &o, MLIRContext *context) {
  Builder b(context);
  NamedAttrList config;
  auto setText = [&](StringRef key, StringRef value) {
    if (!value.empty())
      config.set(key, b.getStringAttr(value));
  };
  auto setList = [&](StringRef key, const std::vector<std::string> &values) {
    SmallVector<StringRef> refs(values.begin(), values.end());
    if (!refs.empty())
      config.set(key, b.getStrArrayAttr(refs));
  };
  auto setFlag = [&](StringRef key, bool value) {
    if (value)
      config.set(key, b.getBoolAttr(true));
  };
  SmallString<256> model(o.model);
  (void)llvm::sys::fs::make_absolute(model);
  setText("model", model);
  NamedAttrList mesh;
  for (auto &[axis, size] : o.mesh)
    mesh.set(axis, b.getI64IntegerAttr(size));
  config.set("mesh", mesh.getDictionary(context));
  config.set("microbatches", b.getI64IntegerAttr(o.microbatches));
  setList("bind", o.bind);
  setList("freeze", o.freeze);
  setList("train", o.train);
  setList("shard", o.shard);
  setList("stages", o.stageRegexes);
  if (o.stages)
    config.set("stages", b.getI64IntegerAttr(*o.stages));
  setText("loss", o.loss);
  setText("optimizer",
          o.optimizer.empty() && !o.inference ? "adamw" : o.optimizer);
  setText("decay", o.decay);
  if (o.clip)
    config.set("clip", b.getF64FloatAttr(*o.clip));
  setText("schedule", o.schedule);
  setText("schedule_file", o.scheduleFile);
  setText("schedule_text", o.scheduleText);
  setText("precision", o.precision);
  setText("target", o.target);
  if (o.deviceMemory)
    config.set("device_memory", b.getI64IntegerAttr(*o.deviceMemory));
  setFlag("inference", o.inference);
  setFlag("keep_copies", o.keepCopies);
  setFlag("keep_merged", o.keepMerged);
  return config.getDictionary(context);
}
