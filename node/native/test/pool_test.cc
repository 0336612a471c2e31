#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <string>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "pool/strand.h"
#include "pool/thread_pool.h"

using namespace vdb;

namespace {

// In these tests the pool is declared after what its tasks use, so that it ends before that does.

/** Occupies one thread of a pool until it is opened. */
class Blocker {
 public:
  explicit Blocker(ThreadPool& pool, Priority priority = Priority::kSearch) {
    std::promise<void> started;
    auto running = started.get_future();
    pool.submit(priority, [started = std::move(started), release = release_.get_future()]() mutable {
      started.set_value();
      release.wait();
    });
    running.wait();
  }
  void open() { release_.set_value(); }

 private:
  std::promise<void> release_;
};

}  // namespace

TEST_CASE("every task runs once, also those that own what cannot be copied") {
  std::atomic<int> sum{0};
  std::latch done(1000);
  ThreadPool pool(3);
  for (int i = 0; i < 1000; ++i) {
    pool.submit(static_cast<Priority>(i % 4), [&, owned = std::make_unique<int>(i)] {
      sum += *owned;
      done.count_down();
    });
  }
  done.wait();
  CHECK(sum == 499500);
}

TEST_CASE("waiting tasks of one kind start in the order of their priorities") {
  std::string foreground;
  std::string background;
  std::latch done(8);
  ThreadPool pool(1, 1);
  Blocker searches(pool);
  Blocker inserts(pool, Priority::kIndex);
  const auto add = [&](Priority priority, std::string& order, char name) {
    pool.submit(priority, [&, name] {
      order += name;
      done.count_down();
    });
  };
  add(Priority::kScrub, background, 'c');
  add(Priority::kIndex, background, 'a');
  add(Priority::kApply, foreground, 'c');
  add(Priority::kSearch, foreground, 'a');
  add(Priority::kSearch, foreground, 'b');
  add(Priority::kApply, foreground, 'd');
  add(Priority::kIndex, background, 'b');
  add(Priority::kScrub, background, 'd');
  searches.open();
  inserts.open();
  done.wait();
  CHECK(foreground == "abcd");
  CHECK(background == "abcd");
}

TEST_CASE("a flood of searches does not stop writes for good") {
  ThreadPool pool(1);
  Blocker blocker(pool);
  int searches_before_apply = 0;
  bool applied = false;
  std::latch done(201);
  pool.submit(Priority::kApply, [&] {
    applied = true;
    done.count_down();
  });
  for (int i = 0; i < 200; ++i) {
    pool.submit(Priority::kSearch, [&] {
      if (!applied) ++searches_before_apply;
      done.count_down();
    });
  }
  blocker.open();
  done.wait();
  CHECK(searches_before_apply == static_cast<int>(ThreadPool::kPassedOverMax));
}

TEST_CASE("a task is asked to yield when a more urgent one waits for its thread") {
  CHECK_FALSE(ThreadPool::should_yield());
  std::promise<void> searched;
  std::promise<bool> first_answer;
  ThreadPool pool(1, 1);
  pool.submit(Priority::kApply, [&] {
    first_answer.set_value(ThreadPool::should_yield());
    pool.submit(Priority::kSearch, [&] { searched.set_value(); });
    while (!ThreadPool::should_yield()) std::this_thread::yield();
  });
  CHECK_FALSE(first_answer.get_future().get());
  searched.get_future().wait();
}

TEST_CASE("foreground and background have threads of their own") {
  ThreadPool pool(2, 1);
  CHECK(pool.threads() == 2);
  CHECK(pool.background_threads() == 1);
  Blocker blocker(pool, Priority::kIndex);
  std::atomic<bool> second{false};
  std::promise<bool> asked_to_yield;
  std::promise<void> second_done;
  pool.submit(Priority::kIndex, [&] {
    // A search that waits for a foreground thread is no reason to stop an insert.
    asked_to_yield.set_value(ThreadPool::should_yield());
    second = true;
    second_done.set_value();
  });
  std::latch both(2);
  for (int i = 0; i < 2; ++i) pool.submit(Priority::kSearch, [&] { both.arrive_and_wait(); });
  both.wait();
  CHECK_FALSE(second);
  blocker.open();
  second_done.get_future().wait();
  CHECK_FALSE(asked_to_yield.get_future().get());
}

#ifdef __linux__
TEST_CASE("background threads are nicer than the others") {
  ThreadPool pool(1, 1);
  const auto niceness_of = [&](Priority priority) {
    std::promise<int> niceness;
    pool.submit(priority, [&] { niceness.set_value(getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)))); });
    return niceness.get_future().get();
  };
  const int foreground = niceness_of(Priority::kSearch);
  CHECK(niceness_of(Priority::kIndex) == std::min(19, foreground + ThreadPool::kBackgroundNiceness));
}
#endif

TEST_CASE("stopping destroys what waits and refuses what comes") {
  auto token = std::make_shared<int>(0);
  ThreadPool pool(1);
  Blocker blocker(pool);
  std::atomic<bool> ran{false};
  pool.submit(Priority::kSearch, [&ran, token] { ran = true; });
  std::promise<void> stopping;
  std::thread stopper([&] {
    stopping.set_value();
    pool.stop();
  });
  stopping.get_future().wait();
  // The task may still run if the stop comes late; what must hold is that it is gone afterwards.
  blocker.open();
  stopper.join();
  CHECK(token.use_count() == 1);
  pool.submit(Priority::kSearch, [&ran, token] { ran = true; });
  CHECK(token.use_count() == 1);
  pool.stop();
}

TEST_CASE("a strand runs its tasks one by one and in order") {
  ThreadPool pool(4);
  Strand strand(pool, Priority::kApply);
  std::atomic<int> inside{0};
  std::vector<int> order;
  bool overlapped = false;
  for (int i = 0; i < 500; ++i) {
    strand.submit([&, i] {
      if (++inside != 1) overlapped = true;
      order.push_back(i);
      --inside;
    });
  }
  strand.wait();
  CHECK_FALSE(overlapped);
  REQUIRE(order.size() == 500);
  for (int i = 0; i < 500; ++i) CHECK(order[i] == i);
}

TEST_CASE("strands share the threads task by task") {
  ThreadPool pool(1);
  Blocker blocker(pool);
  Strand first(pool, Priority::kApply);
  Strand second(pool, Priority::kApply);
  std::string order;
  for (int i = 0; i < 3; ++i) {
    first.submit([&] { order += 'a'; });
    second.submit([&] { order += 'b'; });
  }
  blocker.open();
  first.wait();
  second.wait();
  CHECK(order == "ababab");
}

TEST_CASE("a strand may go before its tasks, and a task may add to its strand") {
  std::promise<int> result;
  ThreadPool pool(2);
  {
    auto strand = std::make_shared<Strand>(pool, Priority::kApply);
    strand->submit([strand, &result] { strand->submit([&result] { result.set_value(7); }); });
  }
  CHECK(result.get_future().get() == 7);
}

TEST_CASE("waiting on a strand of a stopped pool returns") {
  ThreadPool pool(1);
  Strand strand(pool, Priority::kApply);
  pool.stop();
  bool ran = false;
  strand.submit([&] { ran = true; });
  strand.wait();
  CHECK_FALSE(ran);
}
