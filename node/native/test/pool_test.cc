#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <string>

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

TEST_CASE("waiting tasks start in the order of their priorities") {
  ThreadPool pool(1);
  Blocker blocker(pool);
  std::string order;
  std::latch done(8);
  const auto add = [&](Priority priority, char name) {
    pool.submit(priority, [&, name] {
      order += name;
      done.count_down();
    });
  };
  add(Priority::kScrub, 'g');
  add(Priority::kIndex, 'e');
  add(Priority::kApply, 'c');
  add(Priority::kSearch, 'a');
  add(Priority::kSearch, 'b');
  add(Priority::kApply, 'd');
  add(Priority::kIndex, 'f');
  add(Priority::kScrub, 'h');
  blocker.open();
  done.wait();
  CHECK(order == "abcdefgh");
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

TEST_CASE("a background task is asked to yield when a search waits") {
  CHECK_FALSE(ThreadPool::should_yield());
  std::promise<void> searched;
  std::promise<bool> first_answer;
  std::atomic<int> quanta{0};
  ThreadPool pool(1);
  pool.submit(Priority::kIndex, [&] {
    first_answer.set_value(ThreadPool::should_yield());
    pool.submit(Priority::kSearch, [&] { searched.set_value(); });
    while (!ThreadPool::should_yield()) ++quanta;
  });
  CHECK_FALSE(first_answer.get_future().get());
  searched.get_future().wait();
  CHECK(quanta == 0);
}

TEST_CASE("background work leaves a thread free while the foreground is active, and takes all when idle") {
  std::atomic<int> running{0};
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> both;
  const auto occupy = [&] {
    if (++running == 2) both.set_value();
    released.wait();
  };
  std::promise<void> searched;
  ThreadPool pool(2);
  const auto start = std::chrono::steady_clock::now();
  pool.submit(Priority::kSearch, [&] { searched.set_value(); });
  searched.get_future().wait();
  pool.submit(Priority::kIndex, occupy);
  pool.submit(Priority::kIndex, occupy);
  both.get_future().wait();
  CHECK(std::chrono::steady_clock::now() - start >= ThreadPool::kForegroundWindow);
  release.set_value();
}

TEST_CASE("background tasks are bounded, the foreground is not") {
  std::atomic<bool> second{false};
  std::promise<void> second_done;
  std::latch both(2);
  ThreadPool pool(3, 1);
  CHECK(pool.threads() == 3);
  CHECK(pool.background_threads() == 1);
  Blocker blocker(pool, Priority::kIndex);
  pool.submit(Priority::kIndex, [&] {
    second = true;
    second_done.set_value();
  });
  for (int i = 0; i < 2; ++i) pool.submit(Priority::kSearch, [&] { both.arrive_and_wait(); });
  both.wait();
  CHECK_FALSE(second);
  blocker.open();
  second_done.get_future().wait();
}

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
