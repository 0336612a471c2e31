#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <random>
#include <set>

#include "io/bytes.h"
#include "io/crc32c.h"
#include "io/file.h"
#include "log/log.h"
#include "log/log_format.h"
#include "test/log_records.h"
#include "test/temporary_directory.h"

using namespace vdb;

TEST_CASE("an empty log holds no file") {
  TemporaryDirectory directory;
  const auto log = Log::open(directory.path(), {});
  CHECK(log->last_sequence() == 0);
  CHECK(log->first_sequence() == 1);
  CHECK(log->size_bytes() == 0);
  CHECK(list_directory(directory.path()).empty());
  LogReader reader = log->read_from(1);
  LogRecord record;
  CHECK_FALSE(reader.next(record));
  log->close();
  CHECK(list_directory(directory.path()).empty());
}

TEST_CASE("a log that stays small takes little space") {
  TemporaryDirectory directory;
  const auto log = Log::open(directory / "log", {});
  append_some(*log, 3);
  CHECK(std::filesystem::file_size(directory / "log/00000000000000000001.log") <= 128 * 1024);
}

TEST_CASE("records are numbered from one and read back, also after opening again") {
  TemporaryDirectory directory;
  {
    const auto log = Log::open(directory.path(), {});
    const auto first = body_of(1);
    const auto second = body_of(2);
    const std::vector<std::span<const std::uint8_t>> both{first, second};
    CHECK(log->append(both) == 1);
    CHECK(log->last_sequence() == 2);
    log->wait_durable(2);
    CHECK(log->durable_sequence() == 2);
    append_some(*log, 100);
    CHECK(check_records(*log, 1) == 102);
  }
  const auto log = Log::open(directory.path(), {});
  CHECK(log->last_sequence() == 102);
  CHECK(log->durable_sequence() == 102);
  CHECK(check_records(*log, 50) == 102);
  append_some(*log, 1);
  CHECK(check_records(*log, 1) == 103);
}

TEST_CASE("the bytes of a segment are those of the documentation") {
  TemporaryDirectory directory;
  {
    const auto log = Log::open(directory.path(), {});
    log->append(std::vector<std::uint8_t>{'a'});
    log->wait_durable(1);
    log->append(std::vector<std::uint8_t>{'b', 'c'});
  }
  const auto bytes = read_file(segment_path(directory, 1));
  ByteReader reader(bytes);
  CHECK(std::string(reinterpret_cast<const char*>(reader.raw(4).data()), 4) == "VLOG");
  CHECK(reader.u16() == 1);
  CHECK(reader.u16() == 0);
  CHECK(reader.u64() == 1);
  CHECK(reader.u32() == crc32c(std::span(bytes).first(16)));
  for (std::uint64_t sequence = 1; sequence <= 2; ++sequence) {
    const std::size_t start = reader.position();
    CHECK(reader.u32() == sequence);
    const std::uint32_t crc = reader.u32();
    CHECK(reader.u64() == sequence);
    CHECK(reader.u64() == sequence - 1);
    reader.skip(sequence);
    ByteWriter covered;
    covered.raw(std::span<const std::uint8_t>(bytes).subspan(start, 4));
    covered.raw(std::span<const std::uint8_t>(bytes).subspan(start + 8, reader.position() - start - 8));
    CHECK(crc == crc32c(covered.view()));
  }
  CHECK(reader.at_end());
}

TEST_CASE("segments close at their size, and old ones are dropped but for those to keep") {
  TemporaryDirectory directory;
  LogOptions options = small_segments();
  options.retain_closed_segments = 2;
  {
    const auto log = Log::open(directory.path(), options);
    append_some(*log, 100);
    const auto before = list_directory(directory.path());
    REQUIRE(before.size() > 5);
    log->truncate_before(1);
    CHECK(list_directory(directory.path()) == before);
    const auto third = parse_log_segment_name(before[2]).value();
    log->truncate_before(third);
    CHECK(log->first_sequence() == third);
    CHECK(check_records(*log, third) == 100);
    CHECK_THROWS_AS(log->read_from(third - 1), NotFound);
    log->truncate_before(1000);
    CHECK(list_directory(directory.path()).size() == 3);
    append_some(*log, 10);
  }
  const auto log = Log::open(directory.path(), options);
  CHECK(log->last_sequence() == 110);
  CHECK(check_records(*log, log->first_sequence()) == 110);
}

TEST_CASE("one append may be larger than a segment, and one group may span many") {
  TemporaryDirectory directory;
  const auto log = Log::open(directory.path(), small_segments());
  const auto large = body_of(1, 100'000);
  log->append(large);
  std::vector<std::vector<std::uint8_t>> bodies;
  for (std::uint64_t i = 2; i < 200; ++i) bodies.push_back(body_of(i));
  std::vector<std::span<const std::uint8_t>> spans(bodies.begin(), bodies.end());
  CHECK(log->append(spans) == 2);
  log->wait_durable(199);
  CHECK(check_records(*log, 2) == 199);
  LogReader reader = log->read_from(1);
  LogRecord record;
  REQUIRE(reader.next(record));
  CHECK(record.body.size() == large.size());
}

TEST_CASE("records after a sequence are dropped durably and their numbers used again") {
  for (const std::uint64_t from : {1, 2, 37, 60, 61, 100, 101}) {
    CAPTURE(from);
    TemporaryDirectory directory;
    {
      const auto log = Log::open(directory.path(), small_segments());
      append_some(*log, 100);
      log->truncate_from(from);
      CHECK(log->last_sequence() == from - 1);
      CHECK(check_records(*log, 1) == from - 1);
      append_some(*log, 5);
      CHECK(check_records(*log, 1) == from + 4);
    }
    const auto log = Log::open(directory.path(), small_segments());
    CHECK(check_records(*log, 1) == from + 4);
    log->truncate_from(from);
    log->close();
    CHECK(Log::open(directory.path(), small_segments())->last_sequence() == from - 1);
  }
}

TEST_CASE("interval mode acknowledges after the write and syncs later") {
  TemporaryDirectory directory;
  LogOptions options;
  options.sync = SyncMode::kInterval;
  options.sync_interval = std::chrono::milliseconds(1);
  const auto log = Log::open(directory.path(), options);
  for (int i = 0; i < 20; ++i) {
    append_some(*log, 1);
    // Each record is synced by the timer alone; without it this would go on for ever.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (log->durable_sequence() < log->last_sequence() && std::chrono::steady_clock::now() < deadline) usleep(100);
    REQUIRE(log->durable_sequence() == log->last_sequence());
  }
  options.sync_interval = std::chrono::hours(1);
  const auto slow = Log::open(directory / "slow", options);
  append_some(*slow, 5);
  CHECK(slow->durable_sequence() == 0);
  slow->sync(5);
  CHECK(slow->durable_sequence() == 5);
  append_some(*slow, 1);
  slow->close();
  CHECK(slow->durable_sequence() == 6);
}

TEST_CASE("wrong calls are refused and closing is final") {
  TemporaryDirectory directory;
  const auto log = Log::open(directory.path(), {});
  CHECK_THROWS_AS(log->append(std::span<const std::uint8_t>()), std::invalid_argument);
  CHECK_THROWS_AS(log->append(std::span<const std::span<const std::uint8_t>>()), std::invalid_argument);
  CHECK_THROWS_AS(log->wait_durable(1), std::invalid_argument);
  CHECK_NOTHROW(log->wait_durable(0));
  append_some(*log, 2);
  CHECK_THROWS_AS(log->truncate_from(0), std::invalid_argument);
  log->truncate_from(7);
  CHECK(log->last_sequence() == 2);
  std::promise<bool> reported;
  log->append(body_of(3));
  log->when_durable(3, [&](std::exception_ptr error) { reported.set_value(error == nullptr); });
  log->close();
  CHECK(reported.get_future().get());
  log->close();
  CHECK_THROWS_AS(log->append(body_of(4)), Closed);
  CHECK_THROWS_AS(log->truncate_from(1), Closed);
  CHECK_NOTHROW(log->wait_durable(3));
  CHECK(Log::open(directory.path(), {})->last_sequence() == 3);
}

TEST_CASE("the last reference to a log may go within its own report") {
  TemporaryDirectory directory;
  std::promise<void> gone;
  auto log = Log::open(directory.path(), {});
  log->append(body_of(1));
  Log* const raw = log.get();
  raw->when_durable(1, [held = std::move(log), &gone](std::exception_ptr) mutable {
    held.reset();
    gone.set_value();
  });
  gone.get_future().wait();
  CHECK(Log::open(directory.path(), {})->last_sequence() == 1);
}

TEST_CASE("many threads append to many logs") {
  TemporaryDirectory directory;
  std::vector<std::shared_ptr<Log>> logs;
  for (int i = 0; i < 4; ++i) logs.push_back(Log::open(directory / std::to_string(i), small_segments()));
  std::vector<std::thread> threads;
  std::atomic<int> reports{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        Log& log = *logs[(t + i) % 4];
        const std::uint64_t sequence = log.append(std::vector<std::uint8_t>{std::uint8_t(t), std::uint8_t(i)});
        log.when_durable(sequence, [&](std::exception_ptr error) { reports += error ? 1000 : 1; });
        if (i % 10 == 0) log.truncate_before(sequence / 2);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto& log : logs) log->close();
  CHECK(reports == 400);
  std::uint64_t records = 0;
  for (int i = 0; i < 4; ++i) records += Log::open(directory / std::to_string(i), small_segments())->last_sequence();
  CHECK(records == 400);
}

namespace {

/** Bounds the size of files of this process, whose writes beyond fail with EFBIG: a failure that is not ENOSPC. */
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    previous_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, previous_);
  }

 private:
  rlimit before_{};
  sighandler_t previous_;
};

}  // namespace

TEST_CASE("a failed write poisons the log, and what was acknowledged stays") {
  TemporaryDirectory directory;
  {
    const auto log = Log::open(directory.path(), {});
    append_some(*log, 3);
    {
      FileSizeLimit limit(4096);
      const std::uint64_t sequence = log->append(body_of(4, 200'000));
      CHECK_THROWS_AS(log->wait_durable(sequence), IoError);
    }
    CHECK_THROWS_AS(log->append(body_of(4)), IoError);
    CHECK_THROWS_AS(log->truncate_from(1), IoError);
    CHECK_NOTHROW(log->wait_durable(3));
    CHECK(check_records(*log, 1) == 3);
    CHECK_THROWS_AS(log->close(), IoError);
  }
  CHECK(Log::open(directory.path(), {})->last_sequence() == 3);
}

namespace {

constexpr const char* kAppendForever = "--append-forever";

/** Appends until it is killed, and writes every third sequence to the standard output once it is acknowledged. */
int append_forever(const char* directory, const std::string& mode) {
  LogOptions options = small_segments();
  options.sync = mode == "always" ? SyncMode::kAlways : SyncMode::kInterval;
  const auto log = Log::open(directory, options);
  while (true) {
    const std::uint64_t sequence = log->append(body_of(log->last_sequence() + 1));
    if (sequence % 3 != 0) continue;
    log->wait_durable(sequence);
    if (write(STDOUT_FILENO, &sequence, sizeof(sequence)) < 0) return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == kAppendForever) return append_forever(argv[2], argv[3]);
  doctest::Context context(argc, argv);
  return context.run();
}

TEST_CASE("acknowledged records survive kill -9") {
  for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kInterval}) {
    TemporaryDirectory directory;
    std::uint64_t at_least = 0;
    for (int round = 0; round < 6; ++round) {
      int pipe_ends[2];
      REQUIRE(pipe(pipe_ends) == 0);
      const pid_t child = fork();
      if (child == 0) {
        dup2(pipe_ends[1], STDOUT_FILENO);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        // A new program, because a fork alone has the state of this one's threads but not the threads.
        execl("/proc/self/exe", "log_test", kAppendForever, directory.path().c_str(),
              mode == SyncMode::kAlways ? "always" : "interval", nullptr);
        _exit(127);
      }
      close(pipe_ends[1]);
      std::uint64_t acknowledged = 0;
      for (int i = 0; i < 20 + round * 17; ++i) {
        REQUIRE(read(pipe_ends[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged));
      }
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
      while (read(pipe_ends[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged)) {
      }
      close(pipe_ends[0]);
      at_least = std::max(at_least, acknowledged);
      const auto log = Log::open(directory.path(), small_segments());
      CHECK(log->last_sequence() >= at_least);
      CHECK(check_records(*log, 1) == log->last_sequence());
    }
  }
}
