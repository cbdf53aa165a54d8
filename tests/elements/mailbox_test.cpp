// SPDX-License-Identifier: MIT
#include "elements/mailbox.hpp"  // First: proves the header is self-contained.

#include <atomic>
#include <future>
#include <vector>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using std::chrono::milliseconds;

BufferPtr numbered(guint64 number) {
  BufferPtr buffer(gst_buffer_new());
  GST_BUFFER_OFFSET(buffer.get()) = number;
  return buffer;
}

// A mailbox before a pool of one slot; says what went in, and keeps it.
class MailboxTest : public tests::GstTest {
 protected:
  std::vector<guint64> entered() {
    const std::lock_guard lock(mutex_);
    return entered_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    inside_.reset();
  }
  ~MailboxTest() override { pool_.set_cancelled(true); }

  pipeline::FramePool pool_{1};
  std::mutex mutex_;  // Guards the next two.
  std::vector<guint64> entered_;
  std::shared_ptr<pipeline::Frame> inside_;
  Mailbox mailbox_{[this] { return pool_.acquire(); },
                   [this](BufferPtr buffer, std::shared_ptr<pipeline::Frame> frame) {
                     const std::lock_guard lock(mutex_);
                     entered_.push_back(GST_BUFFER_OFFSET(buffer.get()));
                     inside_ = std::move(frame);
                   }};
};

TEST_F(MailboxTest, LetsInWhatLiesThereOnceASlotIsFree) {
  EXPECT_TRUE(mailbox_.idle());
  mailbox_.put(numbered(1));
  mailbox_.settle();
  EXPECT_EQ(entered(), (std::vector<guint64>{1}));
  mailbox_.put(numbered(2));
  EXPECT_TRUE(mailbox_.holds());
  EXPECT_FALSE(mailbox_.idle());
  const BufferPtr displaced = mailbox_.take();
  ASSERT_TRUE(displaced);
  EXPECT_EQ(GST_BUFFER_OFFSET(displaced.get()), 2u);
  EXPECT_FALSE(mailbox_.take());
  mailbox_.put(numbered(3));
  auto settled = std::async(std::launch::async, [this] { mailbox_.settle(); });
  EXPECT_EQ(settled.wait_for(milliseconds(20)), std::future_status::timeout);
  leave();
  settled.get();
  EXPECT_EQ(entered(), (std::vector<guint64>{1, 3}));
}

TEST_F(MailboxTest, LetsGoOfItWhereNothingMayEnterAnyMore) {
  inside_ = pool_.acquire();
  mailbox_.put(numbered(1));
  pool_.set_cancelled(true);
  mailbox_.settle();
  EXPECT_FALSE(mailbox_.holds());
  EXPECT_TRUE(entered().empty());
  pool_.set_cancelled(false);
  leave();
  mailbox_.put(numbered(2));
  mailbox_.settle();
  EXPECT_EQ(entered(), (std::vector<guint64>{2})) << "and goes on afterwards";
}

}  // namespace
}  // namespace rcnn::elements
