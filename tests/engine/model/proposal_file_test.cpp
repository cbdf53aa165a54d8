// SPDX-License-Identifier: MIT
#include "engine/model/proposal_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/engine/model/checkpoint_builders.hpp"
#include "tests/support/files.hpp"
#include "tests/support/pickled_proposals.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace tests::pickled;
using namespace std::string_literals;
using tests::f32_bytes;

std::string refused(const std::string& bytes) {
  const tests::TempFile file(bytes);
  return tests::refusal([&] { const ProposalFile proposals(file.path()); });
}

/// One image, "a", whose parts are given.
std::string one_image(const std::string& boxes, const std::string& logits,
                      const std::string& mode = number(0)) {
  return dictionary({{"ids", list(text("a"))},
                     {"boxes", list(boxes)},
                     {"objectness_logits", list(logits)},
                     {"bbox_mode", mode}});
}

const std::string kBox = array({1, 2, 3, 4}, number(1) + number(4));
const std::string kLogit = array({5}, number(1));

// Written by NumPy as Detectron2 does: numbers as ids, boxes in f32 and f64, an image without any.
TEST(ProposalFile, ReadsWhatDetectron2Writes) {
  for (const char* name : {"proposals_xyxy.pkl", "proposals_xywh.pkl"}) {
    SCOPED_TRACE(name);
    const ProposalFile file(tests::fixture(name));
    EXPECT_EQ(file.image_count(), 3U);
    EXPECT_TRUE(file.contains("139"));
    EXPECT_FALSE(file.contains("000000000139"));
    EXPECT_THAT(file.find("139"),
                ElementsAre(Proposal{{10, 20, 30.5F, 40}, -1.5F}, Proposal{{0, 0, 100, 50}, 2}));
    EXPECT_THAT(file.find("285"), ElementsAre(Proposal{{1, 2, 3, 4}, 0.25F}));
    EXPECT_TRUE(file.find("street.jpg").empty());
  }
}

// `detect` asks for boxes as long as it runs.
TEST(ProposalFile, GivesWhatItHadAfterItIsCutOff) {
  const tests::TempFile path(tests::read_text(tests::fixture("proposals_xyxy.pkl")));
  const ProposalFile file(path.path());
  std::filesystem::resize_file(path.path(), 0);
  EXPECT_THAT(file.find("285"), ElementsAre(Proposal{{1, 2, 3, 4}, 0.25F}));
}

/// numpy.int64 or another integer, of the bytes given.
std::string numpy_scalar(const std::string& dtype, const std::string& bytes) {
  return "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(" + text(dtype) + "tR" + text(bytes) + "tR";
}

TEST(ProposalFile, IdsAndModeMayBeNumPysIntegers) {
  const auto ids = numpy_scalar("i8", "\x01\x02\x03\x04\x00\x00\x00\x00"s) + numpy_scalar("i2", "\xfe\xff"s) +
                   numpy_scalar("u2", "\xfe\xff"s);
  const tests::TempFile file(
      dictionary({{"ids", list(ids)},
                  {"boxes", list(kBox + kBox + kBox)},
                  {"objectness_logits", list(kLogit + kLogit + kLogit)},
                  {"bbox_mode", numpy_scalar("i8", "\x01\x00\x00\x00\x00\x00\x00\x00"s)}}));
  const ProposalFile proposals(file.path());
  for (const char* id : {"67305985", "-2", "65534"}) {
    ASSERT_TRUE(proposals.contains(id)) << id;
    EXPECT_THAT(proposals.find(id), ElementsAre(Proposal{{1, 2, 4, 6}, 5})) << "mode 1: corner and size";
  }
  EXPECT_THAT(refused(dictionary({{"ids", list(numpy_scalar("f4", "\x00\x00\x80\x3f"s))},
                                  {"boxes", list(kBox)},
                                  {"objectness_logits", list(kLogit)}})),
              HasSubstr("'ids' is neither a whole number nor text"));
}

TEST(ProposalFile, IdsMayBeAnArrayOfIntegersAndTheModeBoxModes) {
  const auto numbers = [](const std::string& dtype, const std::string& bytes, const std::string& extents) {
    return "cnumpy.core.numeric\n_frombuffer\n(" + text(bytes) + "cnumpy\ndtype\n(" + text(dtype) + "tR(" +
           extents + "tU\x01" + "CtR";
  };
  const auto file_of = [&](const std::string& ids) {
    return dictionary({{"ids", ids},
                       {"boxes", list(kBox + kBox)},
                       {"objectness_logits", list(kLogit + kLogit)},
                       {"bbox_mode", "cdetectron2.structures.boxes\nBoxMode\nK\x01\x85R"}});
  };
  // 2^24 + 1, which no f32 is, and -2
  const tests::TempFile file(
      file_of(numbers("i8", "\x01\0\0\x01\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff"s, number(2))));
  const ProposalFile proposals(file.path());
  for (const char* id : {"16777217", "-2"}) {
    ASSERT_TRUE(proposals.contains(id)) << id;
    EXPECT_THAT(proposals.find(id), ElementsAre(Proposal{{1, 2, 4, 6}, 5})) << "corner and size";
  }
  for (const auto& wrong :
       {numbers("f4", f32_bytes({1, 2}), number(2)), numbers("i1", "\x01\x02", number(2) + number(1)),
        numbers("i1", "\x01", number(2))}) {
    EXPECT_THAT(refused(file_of(wrong)), HasSubstr("'ids' are a NumPy array, but not of whole numbers"));
  }
}

// An image without any box, in protocol 2.
TEST(ProposalFile, EmptyArraysMayBeOfEmptyBytes) {
  const auto empty = [](const std::string& extents) {
    return "cnumpy.core.numeric\n_frombuffer\n(c__builtin__\nbytes\n)Rcnumpy\ndtype\n(U\x02" + "f4tR("s +
           extents + "tU\x01" + "CtR";
  };
  const tests::TempFile file(one_image(empty(number(0) + number(4)), empty(number(0))));
  EXPECT_TRUE(ProposalFile(file.path()).find("a").empty());
}

TEST(ProposalFile, RefusalsSpeakOfProposals) {
  EXPECT_THAT(refused("\x80\x02}U\x03" + "idscpathlib\nPosixPath\n)Rs."s),
              AllOf(HasSubstr("which no file of proposals needs"), HasSubstr("bbox_mode=0 or 1")));
  EXPECT_THAT(refused("\x80\x02}U\x05" + "boxesctorch.storage\n_load_from_bytes\n."s),
              AllOf(HasSubstr("holds torch tensors"), HasSubstr("[b.numpy() for b in BOXES]")));
}

TEST(ProposalFile, ReadsDetectron1sNamesAndCornersByDefault) {
  const tests::TempFile file(
      dictionary({{"indexes", list(number(7))}, {"boxes", list(kBox)}, {"scores", list(kLogit)}}));
  EXPECT_THAT(ProposalFile(file.path()).find("7"), ElementsAre(Proposal{{1, 2, 3, 4}, 5}));
}

TEST(ProposalFile, AnUnknownImageIsNamedBesideOneThereIs) {
  const tests::TempFile file(one_image(kBox, kLogit));
  const ProposalFile proposals(file.path());
  EXPECT_THAT(tests::refusal([&] { proposals.find("b"); }),
              AllOf(HasSubstr("no image 'b'"), HasSubstr("it has 1, such as 'a'")));
}

TEST(ProposalFile, ListsOfDifferentLengthsAreRefused) {
  EXPECT_THAT(refused(dictionary({{"ids", list(text("a") + text("b"))},
                                  {"boxes", list(kBox)},
                                  {"objectness_logits", list(kLogit + kLogit)}})),
              HasSubstr("2 ids, 1 boxes and 2 objectness_logits"));
}

TEST(ProposalFile, ArraysOfOtherShapesAreRefused) {
  const auto two = array({5, 6}, number(2));
  EXPECT_THAT(refused(one_image(kBox, two)),
              AllOf(HasSubstr("image a"), HasSubstr("[1, 4]"), HasSubstr("[2]")));
  EXPECT_THAT(refused(one_image(array({1, 2, 3}, number(1) + number(3)), kLogit)), HasSubstr("[1, 3]"));
  EXPECT_THAT(refused(one_image(kBox, array({5}, number(1) + number(1)))), HasSubstr("[1, 1]"));
  EXPECT_THAT(refused(one_image(list(number(1)), kLogit)), HasSubstr("no NumPy array"));
}

TEST(ProposalFile, OtherBoxModesAreRefused) {
  EXPECT_THAT(refused(one_image(kBox, kLogit, number(4))),
              AllOf(HasSubstr("bbox_mode is 4"), HasSubstr("1 (XYWH_ABS)")));
  EXPECT_THAT(refused(one_image(kBox, kLogit, text("XYXY"))), HasSubstr("bbox_mode is no number"));
}

TEST(ProposalFile, OtherPicklesAreRefused) {
  EXPECT_THAT(refused(dictionary({{"model", number(1)}})),
              AllOf(HasSubstr("no 'ids'"), HasSubstr("'boxes'")));
  EXPECT_THAT(refused(dictionary({{"ids", number(1)}})), HasSubstr("'ids' is no list"));
  EXPECT_THAT(refused("\x80\x02](e."), HasSubstr("no dictionary"));
  EXPECT_THAT(refused("this is text"), HasSubstr("/file: pickle is malformed"));
  EXPECT_THAT(refused(dictionary(
                  {{"ids", list(list(""))}, {"boxes", list(kBox)}, {"objectness_logits", list(kLogit)}})),
              HasSubstr("neither a whole number nor text"));
  EXPECT_THAT(tests::refusal([] { const ProposalFile file("/nowhere/proposals.pkl"); }),
              HasSubstr("/nowhere/"));
}

TEST(ProposalFile, NothingInItIsExecuted) {
  EXPECT_THAT(refused("\x80\x02}U\x03idscos\nsystem\n(U\x04trueTRs."), HasSubstr("os.system"));
  const auto whole = one_image(kBox, kLogit);
  for (std::size_t length = 1; length < whole.size(); ++length) {
    EXPECT_THAT(refused(whole.substr(0, length)), HasSubstr("/file: pickle is truncated")) << length;
  }
}

TEST(ProposalFile, ValuesThatAreNoNumbersAreRefused) {
  for (const float wrong :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    const tests::TempFile boxes(one_image(array({1, wrong, 3, 4}, number(1) + number(4)), kLogit));
    EXPECT_THAT(tests::refusal([&] { ProposalFile(boxes.path()).find("a"); }),
                HasSubstr("'boxes' of image a"));
    const tests::TempFile logits(one_image(kBox, array({wrong}, number(1))));
    EXPECT_THAT(tests::refusal([&] { ProposalFile(logits.path()).find("a"); }),
                HasSubstr("'objectness_logits' of image a"));
  }
}

TEST(ProposalFile, ContentsMustFillTheShape) {
  const tests::TempFile file(one_image(array({1, 2, 3}, number(1) + number(4)), kLogit));
  EXPECT_THAT(tests::refusal([&] { ProposalFile(file.path()).find("a"); }), HasSubstr("16 bytes and has 12"));
}

}  // namespace
}  // namespace rcnn::engine
