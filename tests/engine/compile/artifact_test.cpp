// SPDX-License-Identifier: MIT
#include "engine/compile/artifact.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "engine/compile/artifact_format.hpp"
#include "engine/errors.hpp"
#include "engine/files/unfinished_files.hpp"
#include "tests/support/files.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ArtifactFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream stream(tests::tiny_model(), std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(stream), {});
  }

  std::uint64_t header_length() const {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), sizeof(length));
    return length;
  }

  /// Writes the bytes to a file of their own and returns what open() says of it.
  std::string refusal(const std::string& bytes) {
    const auto file = tests::tiny_model().parent_path() / "changed.rcnn";
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    try {
      Artifact::open(file);
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr("changed.rcnn"));
      return error.what();
    }
    return "accepted";
  }

  /// The file with its header changed, the checksum made right again unless the change is to show that it is
  /// not.
  std::string with_header(const std::function<void(json&)>& change, bool right_checksum = true) {
    auto header = json::parse(bytes_.substr(8, header_length()));
    change(header);
    if (right_checksum) header["__metadata__"]["checksum"] = header_checksum(header);
    auto text = header.dump();
    text.append((64 - (8 + text.size()) % 64) % 64, ' ');
    const std::uint64_t length = text.size();
    std::string result(8, '\0');
    std::memcpy(result.data(), &length, sizeof(length));
    return result + text + bytes_.substr(8 + header_length());
  }

  /// As above, with the metadata entry `key` parsed and written back.
  std::string with_entry(const char* key, const std::function<void(json&)>& change) {
    return with_header([&](json& header) {
      auto& text = header["__metadata__"][key];
      auto entry = json::parse(text.get<std::string>());
      change(entry);
      text = entry.dump();
    });
  }

  std::string bytes_;
};

void expect_what_was_compiled(const tests::TinyModelOptions& tiny) {
  const auto config = tests::tiny_config(tiny);
  const CompileOptions options{.input = tiny.input};
  const auto model = compile(config, tests::tiny_checkpoint(tiny), options);
  const auto artifact = Artifact::open(tests::tiny_model(tiny));
  EXPECT_EQ(artifact->config(), config);
  EXPECT_EQ(artifact->options().input, options.input);
  ASSERT_EQ(artifact->programs().size(), model.programs.size());
  for (std::size_t i = 0; i < model.programs.size(); ++i) {
    EXPECT_EQ(json(artifact->programs()[i].graph), json(model.programs[i].graph));
  }
  EXPECT_EQ(artifact->host_nodes().size(), model.host_nodes.size());
  ASSERT_EQ(artifact->tensors().size(), model.weights.size());
  for (const auto& [name, tensor] : model.weights) {
    const auto values = artifact->weight(name);
    EXPECT_EQ(artifact->tensors().at(name).shape, tensor.shape);
    EXPECT_TRUE(std::equal(values.begin(), values.end(), tensor.values->begin(), tensor.values->end()))
        << name;
  }
  EXPECT_EQ(artifact->metadata().at("config").at("name"), "tiny");
}

TEST_F(ArtifactFile, HoldsWhatWasCompiled) {
  expect_what_was_compiled({});
  expect_what_was_compiled({.masks = true});
  expect_what_was_compiled({.keypoints = true});
}

TEST_F(ArtifactFile, SaysOfWhichCheckpointItWasMade) {
  auto checkpoint = tests::tiny_checkpoint();
  checkpoint.checksum = "0123456789abcdef";
  const tests::TempFolder folder;
  write_artifact(compile(tests::tiny_config(), checkpoint, {}), folder / "a.rcnn");
  EXPECT_EQ(Artifact::open(folder / "a.rcnn")->checkpoint_checksum(), "0123456789abcdef");
  // As artifacts of earlier versions are, which go on working.
  EXPECT_EQ(Artifact::open(tests::tiny_model())->checkpoint_checksum(), "");
}

// As before there were masks: those artifacts go on working.
TEST_F(ArtifactFile, WithoutMasksSaysNothingOfThem) {
  const auto config = Artifact::open(tests::tiny_model())->metadata().at("config");
  EXPECT_FALSE(config.contains("mask_head"));
  EXPECT_FALSE(config.at("mask_on").get<bool>());
}

TEST_F(ArtifactFile, CanBeReadAgainAfterItsPagesWereReleased) {
  const auto artifact = Artifact::open(tests::tiny_model());
  const auto name = artifact->tensors().begin()->first;
  const auto before = std::vector<float>(artifact->weight(name).begin(), artifact->weight(name).end());
  artifact->release_values();
  const auto after = artifact->weight(name);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin(), after.end()));
}

TEST_F(ArtifactFile, IsRefusedAtEveryLengthShortOfItsOwn) {
  for (std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{9}, std::size_t{500},
        static_cast<std::size_t>(8 + header_length() - 1), static_cast<std::size_t>(8 + header_length()),
        bytes_.size() / 2, bytes_.size() - 1}) {
    EXPECT_NE(refusal(bytes_.substr(0, length)), "accepted") << length;
  }
  EXPECT_THAT(refusal(bytes_.substr(0, bytes_.size() - 4)),
              AllOf(HasSubstr("truncated"), HasSubstr(std::to_string(bytes_.size())),
                    HasSubstr(std::to_string(bytes_.size() - 4))));
  EXPECT_THAT(refusal(bytes_ + "surplus!"), HasSubstr("8 bytes after its last tensor"));
}

TEST_F(ArtifactFile, TellsForeignFilesApart) {
  EXPECT_THAT(refusal("\x80\x02}q\x00" + std::string(100, 'x')), HasSubstr(".pkl"));
  EXPECT_THAT(refusal("PK\x03\x04" + std::string(100, 'x')), HasSubstr(".pth"));
  EXPECT_THAT(refusal(std::string(1000, 'x')), HasSubstr("no artifact"));
  EXPECT_THAT(refusal(with_header([](json& header) { header.erase("__metadata__"); }, false)),
              HasSubstr("plain safetensors checkpoint"));
  const std::string length("\x80\0\0\0\0\0\0\0", 8);  // Of a header: its first byte is a pickle's, too
  EXPECT_THAT(refusal(length + "{}" + std::string(0x80 - 2, ' ')), HasSubstr("plain safetensors checkpoint"));
}

TEST_F(ArtifactFile, OfANewerVersionNamesBoth) {
  const auto newer = with_header([](json& header) { header["__metadata__"]["version"] = "99"; });
  EXPECT_THAT(refusal(newer),
              AllOf(HasSubstr("version 99"), HasSubstr("up to 2"), HasSubstr("gst-neuron-rcnn")));
  const auto older = with_header([](json& header) { header["__metadata__"]["version"] = "1"; });
  EXPECT_THAT(refusal(older), AllOf(HasSubstr("version 1,"), HasSubstr("compile the model again")));
  EXPECT_THAT(refusal(with_header([](json& header) { header["__metadata__"]["version"] = "1x"; })),
              HasSubstr("damaged"));
}

TEST_F(ArtifactFile, WithAChangedHeaderIsDamaged) {
  const auto changed = with_header(
      [](json& header) {
        auto& options = header["__metadata__"]["options"];
        options =
            "{\"batch\":1,\"input\":\"stretch:640x640\",\"partition\":\"fused+box-head\",\"precision\":"
            "\"f32\"}";
      },
      false);
  EXPECT_THAT(refusal(changed), HasSubstr("checksum of its header"));
}

TEST_F(ArtifactFile, WithADamagedTensorNamesItWhenItIsRead) {
  auto damaged = bytes_;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  const auto file = tests::tiny_model().parent_path() / "damaged.rcnn";
  std::ofstream(file, std::ios::binary) << damaged;
  const auto artifact = Artifact::open(file);
  int refused = 0;
  for (const auto& [name, info] : artifact->tensors()) {
    try {
      artifact->weight(name);
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("damaged.rcnn"), HasSubstr(name)));
      ++refused;
    }
  }
  EXPECT_EQ(refused, 1);
  EXPECT_THROW(artifact->weight("no.such.tensor"), ModelError);
}

// A header may be made on purpose, checksum and all: nothing in it may crash, hang or reach outside the file.
TEST_F(ArtifactFile, WithHostileMetadataIsRefused) {
  const auto node = [](json& programs, std::size_t i) -> json& { return programs[0]["nodes"][i]; };
  EXPECT_THAT(
      refusal(with_entry("programs", [&](json& p) { node(p, 3)["inputs"][0] = node(p, 9)["outputs"][0]; })),
      HasSubstr("no earlier operator writes"));
  EXPECT_THAT(refusal(with_entry("programs", [&](json& p) { node(p, 0)["weight"] = "no.such"; })),
              HasSubstr("no.such"));
  EXPECT_NE(refusal(with_entry("programs", [&](json& p) { node(p, 0)["out_channels"] = 1 << 24; })),
            "accepted");
  EXPECT_NE(refusal(with_entry("programs", [&](json& p) { node(p, 0)["stride"] = 0; })), "accepted");
  EXPECT_NE(refusal(with_entry("programs", [&](json& p) { node(p, 0)["groups"] = -1; })), "accepted");
  EXPECT_NE(refusal(with_entry("programs", [&](json& p) { node(p, 0)["op"] = "Proposals"; })), "accepted");
  EXPECT_NE(refusal(with_entry("programs", [&](json& p) { p[0]["outputs"].erase(0); })), "accepted");
  EXPECT_NE(refusal(with_entry("programs", [&](json& p) { p.erase(1); })), "accepted");
  EXPECT_NE(refusal(with_entry("programs", [&](json& p) { p = 7; })), "accepted");
  EXPECT_NE(refusal(with_entry("options", [&](json& o) { o["batch"] = 4; })), "accepted");
  EXPECT_NE(refusal(with_entry("options", [&](json& o) { o["input"] = "stretch:9999999x1"; })), "accepted");
  EXPECT_NE(refusal(with_entry("config", [&](json& c) { c.clear(); })), "accepted");
  EXPECT_NE(refusal(with_entry("checksums", [&](json& c) { c.clear(); })), "accepted");
}

TEST_F(ArtifactFile, WithHostileTensorsIsRefused) {
  const auto tensor = [](json& header) -> json& { return header["backbone.fpn_lateral2.weight"]; };
  const auto big = std::uint64_t{1} << 62;
  EXPECT_NE(refusal(with_header([&](json& h) { tensor(h)["data_offsets"] = {0, big}; })), "accepted");
  EXPECT_NE(refusal(with_header([&](json& h) { tensor(h)["data_offsets"] = {big, 0}; })), "accepted");
  EXPECT_NE(refusal(with_header([&](json& h) { tensor(h)["shape"] = {big, 4}; })), "accepted");
  EXPECT_NE(refusal(with_header([&](json& h) { tensor(h)["shape"] = {-1, -512}; })), "accepted");
  EXPECT_NE(refusal(with_header([&](json& h) { tensor(h)["dtype"] = "F16"; })), "accepted");
  EXPECT_NE(refusal(with_header([&](json& h) { h.erase("backbone.fpn_lateral2.weight"); })), "accepted");
}

TEST_F(ArtifactFile, WithHostileDescriptionsOfWhatItLacksIsRefused) {
  const char* name = "backbone.fpn_lateral2.weight";
  const auto with_absent = [&](const json& description) {
    return with_header([&](json& header) {
      header.erase(name);
      header["__metadata__"][kAbsentKey] = json{{name, description}}.dump();
    });
  };
  const auto described = json{{"dtype", "F32"}, {"shape", {16, 8, 1, 1}}};
  EXPECT_THAT(refusal(with_absent(described)), HasSubstr("tensors of program 'backbone-rpn'"));
  for (const json& shape : {json{-16, -8, 1, 1}, json{std::uint64_t{1} << 62, 8, 1, 1}, json("x"), json{1}}) {
    EXPECT_NE(refusal(with_absent({{"dtype", "F32"}, {"shape", shape}})), "accepted") << shape;
  }
  EXPECT_NE(refusal(with_absent({{"dtype", "I64"}, {"shape", {16, 8, 1, 1}}})), "accepted");
  EXPECT_NE(refusal(with_absent(7)), "accepted");
}

TEST_F(ArtifactFile, WithDeepNestingIsRefusedQuickly) {
  std::string deep = "{\"__metadata__\":" + std::string(1 << 20, '[');
  std::string file(8, '\0');
  const std::uint64_t length = deep.size();
  std::memcpy(file.data(), &length, sizeof(length));
  EXPECT_THAT(refusal(file + deep), HasSubstr("nested too deeply"));
}

TEST_F(ArtifactFile, MissingIsNamed) { EXPECT_THROW(Artifact::open("/nowhere/model.rcnn"), ModelError); }

TEST(WriteArtifact, LeavesNothingBehindWhereItCannotWrite) {
  const tests::TempFolder folder;
  tests::write_text(folder / "taken", "a file where the folder should be");
  const auto model = compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  EXPECT_THROW(write_artifact(model, folder / "taken/model.rcnn"), Error);
  EXPECT_THROW(write_artifact(model, folder.path()), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(WriteArtifact, LeavesTheOldFileWhereItIsGivenUp) {
  const tests::TempFolder folder;
  tests::write_text(folder / "model.rcnn", "old");
  const auto model = compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  const auto give_up = [](int done, int, const std::string&) {
    if (done == 3) throw Error("given up");
  };
  EXPECT_THROW(write_artifact(model, folder / "model.rcnn", give_up), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
  EXPECT_EQ(tests::read_text(folder / "model.rcnn"), "old");
}

TEST(WriteArtifactDeathTest, LeavesTheOldFileWhereASignalEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "fast");  // In this very folder.
  constexpr int kEnded = 7;
  const tests::TempFolder folder;
  const auto count = [&] { return std::distance(fs::directory_iterator(folder.path()), {}); };
  tests::write_text(folder / "model.rcnn", "old");
  const auto model = compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  const auto end = [&](int done, int, const std::string&) {
    if (done != 3 || count() != 2) return;
    remove_unfinished_files();
    std::_Exit(kEnded);
  };
  EXPECT_EXIT(write_artifact(model, folder / "model.rcnn", end), ::testing::ExitedWithCode(kEnded), "");
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(tests::read_text(folder / "model.rcnn"), "old");
}

/// Files of this process can grow to `bytes` only, as if the disk were full; its signal is an error code
/// instead.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(WriteArtifact, KeepsTheOldFileWhereThereIsNoRoomForTheNew) {
  const auto model = compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  const auto folder = tests::tiny_model().parent_path() / "full";
  fs::create_directories(folder);
  write_artifact(model, folder / "model.rcnn");
  {
    const FileSizeLimit limit(1 << 16);
    EXPECT_THROW(write_artifact(model, folder / "model.rcnn"), Error);
  }
  EXPECT_NO_THROW(Artifact::open(folder / "model.rcnn"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace rcnn::engine
