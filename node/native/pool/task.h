#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace vdb {

/** A function without arguments that is run once; unlike std::function it may own what cannot be copied. */
class Task {
 public:
  Task() = default;

  template <class Function>
    requires(!std::is_same_v<std::decay_t<Function>, Task>)
  Task(Function&& function) : body_(std::make_unique<Holder<std::decay_t<Function>>>(std::forward<Function>(function))) {}

  explicit operator bool() const noexcept { return body_ != nullptr; }
  void operator()() { body_->run(); }

 private:
  struct Body {
    virtual ~Body() = default;
    virtual void run() = 0;
  };
  template <class Function>
  struct Holder final : Body {
    explicit Holder(Function&& held) : function(std::move(held)) {}
    explicit Holder(const Function& held) : function(held) {}
    void run() override { function(); }
    Function function;
  };

  std::unique_ptr<Body> body_;
};

}  // namespace vdb
