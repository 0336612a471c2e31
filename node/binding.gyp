{
  "targets": [
    {
      "target_name": "engine",
      "sources": [
        "<!@(node -e \"const fs=require('fs');for(const d of ['io','pool','log','store','kernels','rows','graph','json','codec','payload','ids','fields','filter','shard','binding'])if(fs.existsSync('native/'+d))for(const f of fs.readdirSync('native/'+d).sort())if(f.endsWith('.cc'))console.log('native/'+d+'/'+f)\")"
      ],
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-O3", "-fexceptions", "-Wall", "-Wextra", "-fopenmp", "-fvisibility=hidden", "-Wno-restrict"],
      "libraries": ["-lfaiss", "-lopenblas", "-lrocksdb", "-lgomp"],
      "ldflags": ["-Wl,-z,now", "-Wl,--as-needed"]
    }
  ]
}
