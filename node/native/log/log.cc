#include "log/log.h"

#include <future>
#include <utility>

#include "log/log_impl.h"

namespace vdb {
namespace {

/** Turns a report to a callback into a call that blocks and throws. */
class Report {
 public:
  Log::Callback callback() {
    return [promise = promise_](std::exception_ptr error) {
      if (error) {
        promise->set_exception(std::move(error));
      } else {
        promise->set_value();
      }
    };
  }
  void wait() { promise_->get_future().get(); }

 private:
  std::shared_ptr<std::promise<void>> promise_ = std::make_shared<std::promise<void>>();
};

}  // namespace

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Log::~Log() {
  try {
    impl_->close();
  } catch (...) {
    // Who wants to know calls close() before; every append that was lost has been reported.
  }
}

std::shared_ptr<Log> Log::open(const std::string& directory, const LogOptions& options) {
  auto impl = std::make_unique<Impl>(directory, options, recover_log(directory));
  return std::shared_ptr<Log>(new Log(std::move(impl)));
}

std::uint64_t Log::append(std::span<const std::span<const std::uint8_t>> bodies) { return impl_->append(bodies); }
std::uint64_t Log::append(std::span<const std::uint8_t> body) { return impl_->append(std::span(&body, 1)); }
void Log::when_durable(std::uint64_t sequence, Callback done) { impl_->when(sequence, false, std::move(done)); }

void Log::wait_durable(std::uint64_t sequence) {
  Report report;
  impl_->when(sequence, false, report.callback());
  report.wait();
}

void Log::sync(std::uint64_t sequence) {
  Report report;
  impl_->when(sequence, true, report.callback());
  report.wait();
}

std::uint64_t Log::last_sequence() const { return impl_->last_sequence(); }
std::uint64_t Log::first_sequence() const { return impl_->first_sequence(); }
std::uint64_t Log::durable_sequence() const { return impl_->durable_sequence(); }
std::uint64_t Log::size_bytes() const { return impl_->size_bytes(); }
LogReader Log::read_from(std::uint64_t sequence) const { return impl_->read_from(sequence); }
std::vector<OwnedLogRecord> Log::read(std::uint64_t sequence, std::uint64_t bytes_max) const {
  return impl_->read(sequence, bytes_max);
}
void Log::truncate_before(std::uint64_t sequence) { impl_->truncate_before(sequence); }
void Log::truncate_from(std::uint64_t sequence) { impl_->truncate_from(sequence); }
void Log::close() { impl_->close(); }

}  // namespace vdb
